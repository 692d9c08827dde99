// Every attribute of every kind of reply, damaged in every way.
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

#include "kinds.h"
#include "messages.h"
#include "stories.h"

namespace hostile {
namespace {

class Damage {
 public:
  Damage(Tap& tap, const Kind& kind) : tap_(tap), kind_(kind) {}

  void all() {
    tell(tap_, story_of(kind_.name + " is read as it is", reply_of(kind_), intact()));
    several();
    cut();
    each(kind_.attributes, kind_.name, false);
  }

 private:
  ipvs::Answer intact() const { return answer_of(kind_); }

  // The record when an optional attribute was absent.
  ipvs::Answer without(const Attribute& attribute) const {
    ipvs::Answer answer = intact();
    const auto field = answer.records.begin() + static_cast<ptrdiff_t>(attribute.offset);
    std::fill_n(field, attribute.size, uint8_t{0});
    return answer;
  }

  Story story_of(const std::string& name, const Bytes& reply, const ipvs::Answer& expected) const {
    const Socket after = expected.error == 0 ? Socket::kKept : Socket::kClosed;
    return {name, {kind_.request}, {conversation(kind_, reply)}, {expected}, after};
  }

  // A dump has many, one a datagram or more; another request has one.
  void several() {
    const bool dump = kind_.request.dump != 0;
    const Bytes one = reply_of(kind_, 0, dump ? uint16_t{NLM_F_MULTI} : uint16_t{0});
    const Bytes end = dump ? done() : acknowledgement();
    tell(tap_, {kind_.name + ": two in one datagram and a third",
                {kind_.request},
                {{{join({one, one})}, {one}, {end}}},
                {dump ? answer_of(kind_, 3) : lost()},
                dump ? Socket::kKept : Socket::kClosed});
  }

  // The message ends early, and says so; and the datagram does, of which the message does not know.
  void cut() {
    const Bytes whole = reply_of(kind_);
    std::string wrong;
    for (size_t length = 1; length < whole.size(); ++length) {
      Bytes shorter(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      const std::string name = "cut at byte " + std::to_string(length);
      note(wrong, story_of(name, shorter, lost()));
      if (length < sizeof(nlmsghdr)) continue;
      const auto stated = static_cast<uint32_t>(length);
      std::memcpy(shorter.data(), &stated, sizeof stated);
      note(wrong, story_of(name + ", and it says so", shorter, lost()));
    }
    tap_.result(wrong.empty(), kind_.name + ": cut at any byte is a lost answer", wrong);
  }

  static void note(std::string& wrong, const Story& story) {
    const std::string verdict = verdict_of(story);
    if (!verdict.empty()) wrong += story.name + ": " + verdict + "\n    ";
  }

  // `level` is a part of kind_.attributes: each attribute in it is damaged in place, and restored.
  void each(std::vector<Attribute>& level, const std::string& path, bool in_ignored) {
    for (size_t i = 0; i < level.size(); ++i) {
      const Attribute original = level[i];
      const std::string name = path + '.' + original.name;
      std::string wrong;
      header(wrong, level[i], in_ignored ? intact() : lost());
      const bool ignored = in_ignored || original.role == Role::kIgnored;
      const ipvs::Answer otherwise = ignored ? intact() : lost();

      level.erase(level.begin() + static_cast<ptrdiff_t>(i));
      note(wrong,
           story_of("absent", reply_of(kind_), original.role == Role::kOptional ? without(original) : otherwise));
      level.insert(level.begin() + static_cast<ptrdiff_t>(i), original);

      for (const size_t length : wrong_lengths(original)) {
        level[i].children.clear();
        level[i].value = original.value;
        level[i].value.resize(length);
        if (original.is_text) std::fill(level[i].value.begin(), level[i].value.end(), 'x');
        note(wrong, story_of("of " + std::to_string(length) + " bytes", reply_of(kind_), otherwise));
      }
      level[i] = original;
      tap_.result(wrong.empty(), name + ": absent, of a wrong length, with a wrong header", wrong);
      each(level[i].children, name, ignored);
    }
  }

  // The attribute's own header is damaged in the encoded message.
  void header(std::string& wrong, const Attribute& attribute, const ipvs::Answer& expected) const {
    bool found = false;
    const size_t place = NLMSG_HDRLEN + GENL_HDRLEN + place_of(kind_.attributes, &attribute, found);
    for (const uint16_t length : {0, 1, 2, 3, 0xffff}) {
      Bytes reply = reply_of(kind_);
      std::memcpy(&reply.at(place), &length, sizeof length);
      note(wrong, story_of("a header that says " + std::to_string(length) + " bytes", reply, expected));
    }
  }

  // Lengths that the value may not have.
  static std::vector<size_t> wrong_lengths(const Attribute& attribute) {
    if (!attribute.children.empty()) return {0, 1, 4};
    if (attribute.is_text) return {16, 17, 200};  // without NUL: a shorter one is as good as one with
    std::vector<size_t> wrong;
    for (size_t length = 0; length <= attribute.value.size() + 4; ++length) {
      const auto& others = attribute.lengths;
      const bool right = length == attribute.value.size() || std::count(others.begin(), others.end(), length) > 0;
      if (!right) wrong.push_back(length);
    }
    return wrong;
  }

  // Where it lies in the encoded attributes, found by encoding what comes before it.
  static size_t place_of(const std::vector<Attribute>& attributes, const Attribute* wanted, bool& found) {
    size_t at = 0;
    for (const Attribute& one : attributes) {
      if (&one == wanted) {
        found = true;
        return at;
      }
      const size_t inside = place_of(one.children, wanted, found);
      if (found) return at + NLA_HDRLEN + inside;
      at += encode({one}).size();
    }
    return at;
  }

  Tap& tap_;
  Kind kind_;
};

}  // namespace

void tell_attributes(Tap& tap) {
  for (const Kind& kind : kinds()) Damage(tap, kind).all();
}

}  // namespace hostile
