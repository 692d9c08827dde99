/* echo-server.mjs for an emulated machine that gets a hundred new connections a second, which node is too slow for
   there: tells its name in a line, then sends back what it gets. Usage: echo-server NAME PORT. Says `listening` when it
   does. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { backlog = 1024, longest = 4096 };

int main(int argc, char** argv) {
  const struct sockaddr_in6 any = {.sin6_family = AF_INET6,
                                   .sin6_port = htons((uint16_t)(argc == 3 ? atoi(argv[2]) : 0))};
  if (any.sin6_port == 0) {
    fprintf(stderr, "echo-server: expected a name and a port, found %d words: echo-server NAME PORT\n", argc - 1);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const int listener = socket(AF_INET6, SOCK_STREAM, 0), all = epoll_create1(0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(listener, (const struct sockaddr*)&any, sizeof any) != 0 || listen(listener, backlog) != 0 ||
      epoll_ctl(all, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.fd = listener}) != 0) {
    perror("echo-server");
    return 1;
  }
  puts("listening");
  fflush(stdout);
  for (struct epoll_event event; epoll_wait(all, &event, 1, -1) >= 0;) {
    if (event.data.fd == listener) {
      const int fd = accept(listener, NULL, NULL);
      if (fd < 0) continue;
      dprintf(fd, "%s\n", argv[1]);
      epoll_ctl(all, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
    } else {
      char bytes[longest];
      const ssize_t got = read(event.data.fd, bytes, sizeof bytes);
      if (got <= 0 || write(event.data.fd, bytes, (size_t)got) != got) close(event.data.fd);
    }
  }
  return 1;
}
