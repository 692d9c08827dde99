/* A client that costs an emulated machine little: rig/fetch-loop.mjs in C, a child for each request. Prints one JSON
   line for each, {at, ok} with its beginning in ms since the epoch. Usage: client ADDRESS PORT INTERVAL_MS TIMEOUT_MS.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t late;
static void expire(int signal) {
  (void)signal;
  late = 1;
}

static long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Whether a whole answer of status 200 came in time. */
static int fetch(const struct sockaddr_in* server, long timeout_ms) {
  /* Again and again, lest one comes between the look at `late` and a call. */
  const struct timeval first = {timeout_ms / 1000, timeout_ms % 1000 * 1000}, again = {0, 10000};
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = expire}, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){again, first}, NULL);
  static const char request[] = "GET / HTTP/1.0\r\n\r\n";
  char answer[4096];
  size_t length = 0;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (const struct sockaddr*)server, sizeof *server) != 0) return 0;
  if (write(fd, request, sizeof request - 1) < 0) return 0;
  ssize_t got = 0;
  while (!late && length < sizeof answer - 1 && (got = read(fd, answer + length, sizeof answer - 1 - length)) > 0)
    length += (size_t)got;
  answer[length] = 0;
  return !late && got == 0 && strncmp(answer, "HTTP/1.1 200 ", 13) == 0 && strstr(answer, "\r\n\r\n") != NULL;
}

int main(int argc, char** argv) {
  struct sockaddr_in server = {.sin_family = AF_INET};
  if (argc != 5 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
    fprintf(stderr, "expected an IPv4 address, a port and two times: client ADDRESS PORT INTERVAL_MS TIMEOUT_MS\n");
    return 2;
  }
  server.sin_port = htons((uint16_t)atoi(argv[2]));
  const long interval_ms = atol(argv[3]), timeout_ms = atol(argv[4]);
  signal(SIGCHLD, SIG_IGN);
  for (long long next = now_ms();; next += interval_ms) {
    for (long long wait; (wait = next - now_ms()) > 0;) usleep((useconds_t)(wait * 1000));
    if (fork() != 0) continue;
    const long long at = now_ms();
    const int ok = fetch(&server, timeout_ms);
    dprintf(STDOUT_FILENO, "{\"at\":%lld,\"ok\":%s}\n", at, ok ? "true" : "false");
    _exit(0);
  }
}
