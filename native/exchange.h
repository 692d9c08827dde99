// One conversation with the kernel: the requests of one datagram, and the answers to it. Of libnl's nl_recvmsgs() this
// is what a conversation needs, without a copy and five callbacks for each row of a dump.
#pragma once

#include <netlink/netlink.h>

#include <vector>

#include "answer.h"
#include "records.h"

namespace ipvs {

// Whether the kernel answers with one message, or as a dump with any number.
bool reads(uint32_t command);

class Exchange {
 public:
  // `answers` has `count` entries, one for each request in order. The last message is the one that asked for an
  // acknowledgement, or the only one, a dump.
  Exchange(const Request* requests, Answer* answers, size_t count, uint16_t family, uint32_t first_sequence,
           uint32_t port)
      : requests_(requests),
        answers_(answers),
        count_(count),
        message_type_(family),
        sequence_(first_sequence),
        port_(port) {}

  // The lookup of the family's number is a conversation of one message without a request record.
  static Exchange lookup(Answer* answer, int* family, uint32_t sequence, uint32_t port);

  // Receives until the conversation is complete; false when answers are lost or make no sense. The buffer, which holds
  // nothing before and after, is to be as large as the largest datagram.
  bool receive(nl_sock* socket, std::vector<unsigned char>& buffer);

 private:
  // Each returns false for what no kernel says.
  bool understand_all(unsigned char* datagram, int size);
  bool understand(nlmsghdr* header);
  bool take_record(nlmsghdr* header);
  bool take_error(const nlmsghdr* header);
  bool end_dump(const nlmsghdr* header);

  bool last() const { return current_ + 1 == count_; }
  bool dumps() const;
  // Whether each request has what the kernel answers to it: a read that was not refused has one record, or is a dump.
  bool answered() const;
  // The errno of the request in hand, negative as it comes; false when it is none.
  bool refuse(int error);

  const Request* requests_;
  Answer* answers_;
  size_t count_;
  uint16_t message_type_;
  uint32_t sequence_;  // of the first request
  uint32_t port_;
  int* family_ = nullptr;  // a lookup's result
  size_t current_ = 0;     // index of the request that the message in hand answers
  bool complete_ = false;
};

}  // namespace ipvs
