/* Answers in the kernel's place, for machines without IPVS: preloaded (LD_PRELOAD), it takes the calls on generic
   netlink sockets and keeps one table in memory, with what the benchmark needs of it. Bytes and order of the answers
   are those of a kernel; errors are ESRCH, ENOENT and EOPNOTSUPP only. What a real kernel's work costs is spun:
   FAKE_IPVS_US microseconds (2) for each message. FAKE_IPVS_TABLE=1000x10 has so many services and destinations there
   from the beginning, those of bench/table.ts. */
#define _GNU_SOURCE
#include "kernel.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kDescriptors = 4096, kFirstPart = 3700, kPart = 32396 };

struct answer {
  struct answer* next;
  size_t size;
  uint8_t bytes[];
};

/* An eventfd holds the number. Answers wait here; a dump's parts are made when they are fetched, as a kernel does. */
struct slot {
  bool used, dumping;
  struct dump dump;
  struct answer *first, *last;
};

static struct slot slots[kDescriptors];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct slot* slot_of(int fd) { return fd >= 0 && fd < kDescriptors && slots[fd].used ? &slots[fd] : NULL; }

static void queue(struct slot* slot, const void* bytes, size_t size) {
  struct answer* answer = malloc(sizeof *answer + size);
  if (answer == NULL) abort();
  answer->next = NULL;
  answer->size = size;
  memcpy(answer->bytes, bytes, size);
  if (slot->first == NULL)
    slot->first = answer;
  else
    slot->last->next = answer;
  slot->last = answer;
}

static void queue_error(struct slot* slot, const struct nlmsghdr* request, uint32_t port, int error) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
  } answer = {{sizeof answer, NLMSG_ERROR, NLM_F_CAPPED, request->nlmsg_seq, port}, {-error, *request}};
  queue(slot, &answer, sizeof answer);
}

static size_t take(struct slot* slot, uint32_t port, void* to, size_t room, bool* truncated) {
  if (slot->first == NULL) {
    static uint8_t part[kPart];
    size_t size = dump_part(&slot->dump, port, part, kPart);
    if (size == 0) {
      size = dump_done(&slot->dump, port, part);
      slot->dumping = false;
    }
    *truncated = size > room;
    memcpy(to, part, size < room ? size : room);
    return size < room ? size : room;
  }
  struct answer* answer = slot->first;
  slot->first = answer->next;
  const size_t size = answer->size < room ? answer->size : room;
  *truncated = answer->size > room;
  memcpy(to, answer->bytes, size);
  free(answer);
  return size;
}

static void carry_out(struct slot* slot, const struct nlmsghdr* request, uint32_t port) {
  uint8_t bytes[kFirstPart];
  spend();
  if ((request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
    slot->dumping = true;
    dump_begin(&slot->dump, request);
    /* The first part is made by the send, and small. */
    const size_t size = dump_part(&slot->dump, port, bytes, kFirstPart);
    if (size > 0) queue(slot, bytes, size);
    return;
  }
  size_t size = 0;
  const int error = answer_request(request, port, bytes, &size);
  if (size > 0) queue(slot, bytes, size);
  if (error != 0 || (request->nlmsg_flags & NLM_F_ACK) != 0) queue_error(slot, request, port, error);
}

static uint32_t port_of(int fd) { return 0x40000000U + (uint32_t)fd; }

static ssize_t send_bytes(int fd, const uint8_t* bytes, size_t size) {
  pthread_mutex_lock(&mutex);
  for (size_t at = 0; at + NLMSG_HDRLEN <= size;) {
    struct nlmsghdr* request = (struct nlmsghdr*)(bytes + at);
    if (request->nlmsg_len < NLMSG_HDRLEN || request->nlmsg_len > size - at) break;
    carry_out(&slots[fd], request, port_of(fd));
    at += NLMSG_ALIGN(request->nlmsg_len);
  }
  pthread_mutex_unlock(&mutex);
  return (ssize_t)size;
}

static ssize_t receive_bytes(int fd, void* to, size_t room, int* flags) {
  pthread_mutex_lock(&mutex);
  struct slot* slot = &slots[fd];
  ssize_t size = -1;
  bool truncated = false;
  if (slot->first != NULL || slot->dumping) size = (ssize_t)take(slot, port_of(fd), to, room, &truncated);
  pthread_mutex_unlock(&mutex);
  if (size < 0) errno = EAGAIN;
  *flags = truncated ? MSG_TRUNC : 0;
  return size;
}

int socket(int domain, int type, int protocol) {
  if (domain != AF_NETLINK || protocol != NETLINK_GENERIC) return (int)syscall(SYS_socket, domain, type, protocol);
  const int fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0 || fd >= kDescriptors) abort();
  memset(&slots[fd], 0, sizeof slots[fd]);
  slots[fd].used = true;
  return fd;
}

int close(int fd) {
  struct slot* slot = slot_of(fd);
  if (slot != NULL) slot->used = false;
  return (int)syscall(SYS_close, fd);
}

int bind(int fd, const struct sockaddr* local, socklen_t size) {
  return slot_of(fd) != NULL ? 0 : (int)syscall(SYS_bind, fd, local, size);
}

int getsockname(int fd, struct sockaddr* restrict local, socklen_t* restrict size) {
  if (slot_of(fd) == NULL) return (int)syscall(SYS_getsockname, fd, local, size);
  const struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = port_of(fd)};
  memcpy(local, &name, sizeof name);
  *size = sizeof name;
  return 0;
}

int getsockopt(int fd, int level, int option, void* restrict value, socklen_t* restrict size) {
  if (slot_of(fd) == NULL) return (int)syscall(SYS_getsockopt, fd, level, option, value, size);
  const int known = option == SO_TYPE ? SOCK_RAW : NETLINK_GENERIC;
  memcpy(value, &known, sizeof known);
  return 0;
}

int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
  return slot_of(fd) != NULL ? 0 : (int)syscall(SYS_setsockopt, fd, level, option, value, size);
}

ssize_t sendto(int fd, const void* bytes, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
  if (slot_of(fd) == NULL) return syscall(SYS_sendto, fd, bytes, size, flags, to, length);
  return send_bytes(fd, bytes, size);
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) { return sendto(fd, bytes, size, flags, NULL, 0); }

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  if (slot_of(fd) == NULL) return syscall(SYS_sendmsg, fd, message, flags);
  size_t size = 0;
  for (size_t i = 0; i < message->msg_iovlen; ++i) size += message->msg_iov[i].iov_len;
  uint8_t* bytes = malloc(size);
  if (bytes == NULL) abort();
  size_t at = 0;
  for (size_t i = 0; i < message->msg_iovlen; at += message->msg_iov[i++].iov_len) {
    memcpy(bytes + at, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
  }
  const ssize_t sent = send_bytes(fd, bytes, size);
  free(bytes);
  return sent;
}

ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  if (slot_of(fd) == NULL) return syscall(SYS_recvmsg, fd, message, flags);
  const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (message->msg_name != NULL) memcpy(message->msg_name, &kernel, sizeof kernel);
  message->msg_namelen = sizeof kernel;
  message->msg_controllen = 0;
  return receive_bytes(fd, message->msg_iov->iov_base, message->msg_iov->iov_len, &message->msg_flags);
}

ssize_t recvfrom(int fd, void* restrict to, size_t room, int flags, struct sockaddr* restrict from,
                 socklen_t* restrict size) {
  if (slot_of(fd) == NULL) return syscall(SYS_recvfrom, fd, to, room, flags, from, size);
  const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (from != NULL) memcpy(from, &kernel, sizeof kernel);
  if (size != NULL) *size = sizeof kernel;
  int ignored;
  return receive_bytes(fd, to, room, &ignored);
}

ssize_t recv(int fd, void* to, size_t room, int flags) { return recvfrom(fd, to, room, flags, NULL, NULL); }
