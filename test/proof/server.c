/* A real server that costs an emulated machine little: answers every HTTP request with its name, and keeps idle
   connections open. Usage: server NAME PORT. Says `listening` when it does. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 256, longest = 4096 };

static struct pollfd sockets[most];
static char requests[most][longest];
static size_t lengths[most];
static int count = 1;

/* The last one takes its place. */
static void end(int i) {
  close(sockets[i].fd);
  count--;
  sockets[i] = sockets[count];
  memcpy(requests[i], requests[count], longest);
  lengths[i] = lengths[count];
}

static void greet(void) {
  const int fd = accept4(sockets[0].fd, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  if (count == most) {
    close(fd);
    return;
  }
  sockets[count] = (struct pollfd){.fd = fd, .events = POLLIN};
  memset(requests[count], 0, longest);
  lengths[count++] = 0;
}

static void serve(int i, const char* name) {
  const ssize_t got = read(sockets[i].fd, requests[i] + lengths[i], longest - 1 - lengths[i]);
  if (got > 0) {
    lengths[i] += (size_t)got;
    requests[i][lengths[i]] = 0;
    if (strstr(requests[i], "\r\n\r\n") == NULL) return;
    dprintf(sockets[i].fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s\n", strlen(name) + 1,
            name);
  }
  end(i);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "expected a name and a port, found %d words: server NAME PORT\n", argc - 1);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (bind(listener, (const struct sockaddr*)&any, sizeof any) != 0 || listen(listener, 128) != 0) {
    perror("server");
    return 1;
  }
  sockets[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  puts("listening");
  fflush(stdout);
  while (poll(sockets, (nfds_t)count, -1) > 0) {
    for (int i = count - 1; i > 0; i--) {
      if (sockets[i].revents != 0) serve(i, argv[1]);
    }
    if (sockets[0].revents != 0) greet();
  }
  return 1;
}
