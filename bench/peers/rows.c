#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"

static void* grown(void* rows, size_t capacity, size_t size) {
  void* more = realloc(rows, capacity * size);
  if (more == NULL) fail("realloc");
  return more;
}

struct service_row* add_service(struct service_list* list) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
    list->rows = grown(list->rows, list->capacity, sizeof *list->rows);
    list->destinations = grown(list->destinations, list->capacity, sizeof *list->destinations);
  }
  memset(&list->destinations[list->count], 0, sizeof *list->destinations);
  return memset(&list->rows[list->count++], 0, sizeof *list->rows);
}

struct destination_row* add_destination(struct destination_list* list) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
    list->rows = grown(list->rows, list->capacity, sizeof *list->rows);
  }
  return memset(&list->rows[list->count++], 0, sizeof *list->rows);
}

size_t rows_of(const struct service_list* list) {
  size_t count = list->count;
  for (size_t i = 0; i < list->count; ++i) count += list->destinations[i].count;
  return count;
}

void forget(struct service_list* list) {
  for (size_t i = 0; i < list->count; ++i) free(list->destinations[i].rows);
  free(list->destinations);
  free(list->rows);
  memset(list, 0, sizeof *list);
}
