/* Generic netlink for IPVS without a library: messages written into one buffer, answers parsed where they lie. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "table.h"

/* A socket with its family number and the datagram that is being filled. */
struct raw {
  int fd;
  uint16_t family;
  uint32_t sequence;
  uint32_t failures; /* errors that the kernel answered since the opening */
  size_t used, last; /* bytes in the datagram; where its last message begins */
  _Alignas(8) uint8_t datagram[128 * 1024];
  _Alignas(8) uint8_t answer[32 * 1024]; /* a dump's part is at most that long whatever the buffer */
};

struct raw* raw_open(void);
void raw_close(struct raw* raw);

/* Writes IPVS_CMD_NEW_SERVICE. */
void put_service(struct raw* raw, uint32_t service);
/* Writes IPVS_CMD_NEW_DEST or IPVS_CMD_SET_DEST. What stands in a full datagram is sent before. */
void put_destination(struct raw* raw, uint8_t command, uint32_t vip, uint32_t rip, uint32_t weight);
void put_flush(struct raw* raw);
/* Sends what stands in the datagram; all of it is done when this returns. */
void raw_send(struct raw* raw);

/* Reads the whole table. */
void raw_read(struct raw* raw, struct service_list* list);
/* Reads the destinations of one service; none when it is not there. */
void raw_read_destinations(struct raw* raw, uint32_t vip, struct destination_list* list);
