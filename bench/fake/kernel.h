/* The faked kernel's table, and the answers to one message about it. */
#pragma once
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A preloaded library's names would stand in for others'. */
#pragma GCC visibility push(hidden)

/* A dump that goes on: all services, or the destinations of one (none: -1). */
struct dump {
  uint32_t sequence;
  bool of_services;
  long service;
  size_t next;
};

/* Spins for what a message costs. */
void spend(void);

/* 0 or an errno; what it answers beside that is written to `to`. */
int answer_request(const struct nlmsghdr* request, uint32_t port, uint8_t* to, size_t* size);

void dump_begin(struct dump* dump, const struct nlmsghdr* request);
/* The next messages that fit into `room`; 0 at the end. */
size_t dump_part(struct dump* dump, uint32_t port, uint8_t* to, size_t room);
size_t dump_done(const struct dump* dump, uint32_t port, uint8_t* to);

#pragma GCC visibility pop
