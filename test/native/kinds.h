// One table for all kinds of reply: what the kernel sends, attribute by attribute, and the record that it reads as. A
// new kind is a row in kinds(); attributes.cc then damages it in every way.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../../native/exchange.h"
#include "../../native/records.h"
#include "beneath.h"

namespace hostile {

enum class Role {
  kRequired,  // without it, or with a wrong length, there is no record
  kOptional,  // may be absent: its field then reads as zero
  kIgnored,   // another attribute is read in its place: nothing of what is inside matters
};

struct Attribute {
  std::string name;
  int type;
  Role role = Role::kRequired;
  Bytes value{};                      // of a leaf
  bool is_text = false;               // of any length below 16
  std::vector<size_t> lengths{};      // that it may have beside that of the value
  std::vector<Attribute> children{};  // of a nest
  // Of an optional attribute: where the record holds it.
  size_t offset = 0;
  size_t size = 0;
};

struct Kind {
  std::string name;
  ipvs::Request request;  // that is answered with it
  uint8_t command;        // of the reply
  ipvs::Kind kind;
  std::vector<Attribute> attributes;
  Bytes record;
};

const std::vector<Kind>& kinds();
const Kind& kind_named(const std::string& name);

// The attributes of a message.
Bytes encode(const std::vector<Attribute>& attributes);
// The whole message.
Bytes reply_of(const Kind& kind, uint32_t index = 0, uint16_t flags = 0);
// The kernel's answer to kind.request with that message, and what makes the conversation complete.
Datagrams conversation(const Kind& kind, const Bytes& reply);
// The answer that is expected then.
ipvs::Answer answer_of(const Kind& kind, uint32_t count = 1);

}  // namespace hostile
