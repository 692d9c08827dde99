/* Looks at /proc/net/ip_vs again and again, and prints a JSON line whenever other IPv4 real servers have a weight than
   before: {at, servers}, in ms since the epoch. Reading it takes no lock that a writer might wait for. Usage: table
   INTERVAL_MS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { longest = 4096 };

/* The list as JSON. */
static void look(char* list) {
  char line[256];
  size_t length = 0;
  list[0] = 0;
  FILE* file = fopen("/proc/net/ip_vs", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL && length < longest - 32) {
    unsigned a, b, c, d;
    int weight;
    if (sscanf(line, " -> %2x%2x%2x%2x:%*4x %*s %d", &a, &b, &c, &d, &weight) != 5 || weight <= 0) continue;
    length += (size_t)sprintf(list + length, "%s\"%u.%u.%u.%u\"", length > 0 ? "," : "", a, b, c, d);
  }
  if (file != NULL) fclose(file);
}

int main(int argc, char** argv) {
  char lists[2][longest] = {"?", ""};
  const useconds_t interval = (useconds_t)(argc > 1 ? atoi(argv[1]) : 5) * 1000;
  for (int current = 1;; usleep(interval)) {
    look(lists[current]);
    if (strcmp(lists[0], lists[1]) == 0) continue;
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    printf("{\"at\":%lld,\"servers\":[%s]}\n", time.tv_sec * 1000LL + time.tv_nsec / 1000000, lists[current]);
    fflush(stdout);
    current = 1 - current;
  }
}
