/* A client of the rig that measures how long nobody answers, and costs an emulated machine little: each INTERVAL_MS a
   new connection to every ADDRESS, where echo-server.mjs listens. Prints a JSON line for each that got the server's
   name, {to, at, tookMs}, or did not, {to, at, error}; `at` is its beginning in ms since the epoch. None waits for
   another, and one that a second has not been enough for is given up: a lost SYN is sent again then, and whether that
   gets through says nothing of now. Usage: probe PORT INTERVAL_MS ADDRESS... */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 1024, patience_ms = 1000 };

static struct pollfd sockets[most];
static struct {
  const char* to;
  long long at;
} attempts[most];
static nfds_t count;

static long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void begin(const char* address, const char* port) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  struct addrinfo* found;
  if (getaddrinfo(address, port, &hints, &found) != 0 || count == most) {
    fprintf(stderr, "probe: expected an address and a port, and an interval that is not too short, found %s %s\n",
            address, port);
    exit(2);
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  attempts[count].to = address;
  attempts[count].at = now_ms();
  connect(fd, found->ai_addr, found->ai_addrlen); /* how it ends, poll() says */
  freeaddrinfo(found);
  sockets[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Tells how it ended; the last one takes its place. */
static void end(nfds_t i, const char* error) {
  printf("{\"to\":\"%s\",\"at\":%lld,", attempts[i].to, attempts[i].at);
  if (error == NULL)
    printf("\"tookMs\":%lld}\n", now_ms() - attempts[i].at);
  else
    printf("\"error\":\"%s\"}\n", error);
  close(sockets[i].fd);
  count--;
  sockets[i] = sockets[count];
  attempts[i] = attempts[count];
}

static void look(nfds_t i) {
  char name[64];
  if (sockets[i].revents != 0) {
    const ssize_t got = read(sockets[i].fd, name, sizeof name);
    end(i, got > 0 ? NULL : got == 0 ? "ended" : strerror(errno));
  } else if (now_ms() - attempts[i].at > patience_ms) {
    end(i, "no answer");
  }
}

int main(int argc, char** argv) {
  const long interval_ms = argc > 3 ? atol(argv[2]) : 0;
  if (interval_ms < 1) {
    fprintf(stderr,
            "probe: expected a port, an interval and addresses, found %d words: probe PORT INTERVAL_MS ADDRESS...\n",
            argc - 1);
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (long long next = now_ms();;) {
    const long long now = now_ms();
    if (next <= now) {
      for (int i = 3; i < argc; i++) begin(argv[i], argv[1]);
      next = next + interval_ms > now ? next + interval_ms : now + interval_ms; /* what was missed is not made up for */
    }
    const long long wait = next - now_ms();
    poll(sockets, count, wait > 0 ? (int)wait : 0);
    for (nfds_t i = count; i-- > 0;) look(i);
  }
}
