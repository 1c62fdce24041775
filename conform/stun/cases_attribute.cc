// Attributes: unknown ones, padding, lengths, errors, FINGERPRINT. RFC 8489 §6.3.1, §7, §14.
#include <algorithm>

#include "base/text.h"
#include "conform/stun/stun_probe.h"
#include "conform/stun/suite.h"
#include "stun/integrity.h"

namespace glass::conform {
namespace {

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};
// What an open server says, and what one that wants credentials says before it looks further.
const std::vector<Accepted> kServed{
    {"success",   Verdict::kPass},
    {"error 401", Verdict::kPass}
};

// No rule says what becomes of it; a server that heeds what stands before it does no harm.
const std::vector<Accepted> kOverrun{
    {"silence",   Verdict::kPass   },
    {"closed",    Verdict::kPass   },
    {"error 400", Verdict::kPass   },
    {"error 401", Verdict::kLenient},
    {"success",   Verdict::kLenient}
};

const std::vector<Accepted> kKnownButUnexpectedOutcomes{
    {"success",   Verdict::kPass   },
    {"error 401", Verdict::kPass   },
    {"error 420", Verdict::kLenient},
    {"error 400", Verdict::kLenient},
    {"silence",   Verdict::kLenient}
};
const std::vector<Accepted> kUsernameOutcomes{
    {"success",   Verdict::kPass},
    {"error 401", Verdict::kPass},
    {"error 400", Verdict::kPass}
};
const std::vector<Accepted> kWrongFingerprintOutcomes{
    {"silence",   Verdict::kPass   },
    {"closed",    Verdict::kPass   },
    {"success",   Verdict::kLenient},
    {"error 401", Verdict::kLenient}
};
const std::vector<Accepted> kLongFingerprintOutcomes{
    {"silence",   Verdict::kPass   },
    {"closed",    Verdict::kPass   },
    {"error 400", Verdict::kPass   },
    {"success",   Verdict::kLenient},
    {"error 401", Verdict::kLenient}
};
const std::vector<Accepted> kBehindFingerprintOutcomes{
    {"silence",   Verdict::kPass   },
    {"closed",    Verdict::kPass   },
    {"success",   Verdict::kPass   },
    {"error 400", Verdict::kPass   },
    {"error 401", Verdict::kPass   },
    {"error 420", Verdict::kLenient}
};

AttributeType unknown(std::uint16_t number) { return static_cast<AttributeType>(number); }

// The types that a 420 lists, as they stand there. nullopt: no such attribute.
std::optional<std::vector<std::uint16_t>> listed(const Reply& reply) {
  if (!reply.is_answer()) return std::nullopt;
  const auto found = reply.view().find(AttributeType::kUnknownAttributes);
  if (!found) return std::nullopt;
  std::vector<std::uint16_t> types;
  Reader in(found->value);
  while (in.left() >= 2) types.push_back(in.u16("Attribute Type"));
  return types;
}

Outcome unknown_is_refused(StunProbe& p, std::uint16_t type, Bytes value) {
  return outcome_of(p.ask(p.binding().attribute(unknown(type), value)));
}

Outcome unknown_are_listed(StunProbe& p, std::vector<std::uint16_t> types) {
  RawStun request = p.binding();
  for (const std::uint16_t type : types) request.number(unknown(type), 0);
  const Reply reply = p.ask(request);
  if (reply.code != 420) return outcome_of(reply);
  auto told = listed(reply);
  if (!told) return wrong("420 without UNKNOWN-ATTRIBUTES");
  std::string text;
  for (const std::uint16_t type : *told) text += " " + hex_number(type, 4);
  for (auto* const list : {&types, &*told}) {
    std::ranges::sort(*list);
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return types == *told ? as_expected() : wrong("it lists" + text);
}

// RFC 3489 had the list filled up to whole words with a repeated type: then the length says so.
Outcome list_has_its_length(StunProbe& p) {
  const Reply reply = p.ask(p.binding().number(kUnknownRequired, 0));
  if (reply.code != 420) return outcome_of(reply);
  const auto found = reply.view().find(AttributeType::kUnknownAttributes);
  if (!found) return wrong("420 without UNKNOWN-ATTRIBUTES");
  if (found->value.size() == 2) return as_expected();
  return wrong("one type of two bytes, and a length of " + decimal(found->value.size()));
}

Outcome own_padding(StunProbe& p) {
  const Reply reply = p.ask(p.binding().number(kUnknownRequired, 0));
  if (!reply.is_answer()) return outcome_of(reply);
  for (const stun::Attribute& one : reply.view().attributes())
    for (const std::uint8_t byte : one.padding)
      if (byte != 0)
        return wrong("padding of attribute " + hex_number(static_cast<std::uint64_t>(one.type), 4) +
                     " is not zero");
  return as_expected();
}

struct ErrorParts {
  std::uint32_t head = 0;  // reserved, class, number
  std::string reason;
};
std::optional<ErrorParts> error_parts(const Reply& reply) {
  if (reply.kind != Reply::Kind::kError) return std::nullopt;
  const auto found = reply.view().find(AttributeType::kErrorCode);
  if (!found || found->value.size() < 4) return std::nullopt;
  Reader in(found->value);
  ErrorParts parts{.head = in.u32("Class and Number"), .reason = {}};
  parts.reason = std::string(as_text(in.rest()));
  return parts;
}

Outcome error_is_well_formed(StunProbe& p) {
  const Reply reply = p.ask(p.binding().number(kUnknownRequired, 0));
  if (reply.kind != Reply::Kind::kError) return outcome_of(reply);
  const auto parts = error_parts(reply);
  if (!parts) return wrong("an error response without ERROR-CODE");
  const std::uint32_t cls = parts->head >> 8 & 7;
  const std::uint32_t number = parts->head & 0xFF;
  if (cls < 3 || cls > 6) return wrong("class " + decimal(cls));
  if (number > 99) return wrong("number " + decimal(number));
  return as_expected();
}

Outcome error_reserved_bits(StunProbe& p) {
  const auto parts = error_parts(p.ask(p.binding().number(kUnknownRequired, 0)));
  if (!parts) return inconclusive("no error to look at");
  return parts->head >> 11 == 0 ? as_expected() : Outcome{.name = "not zero"};
}

// Whole UTF-8 sequences; their number, or nullopt.
std::optional<std::size_t> utf8_length(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t size = lead < 0x80           ? 1
                             : (lead >> 5) == 6    ? 2
                             : (lead >> 4) == 0xE  ? 3
                             : (lead >> 3) == 0x1E ? 4
                                                   : 0;
    if (size == 0 || i + size > text.size()) return std::nullopt;
    for (std::size_t k = 1; k < size; ++k)
      if ((static_cast<std::uint8_t>(text[i + k]) & 0xC0) != 0x80) return std::nullopt;
    i += size;
  }
  return count;
}

Outcome short_text(std::string_view text) {
  const auto length = utf8_length(text);
  if (!length) return wrong("no UTF-8");
  if (*length >= 128) return wrong(decimal(*length) + " characters");
  return as_expected(printable(text));
}

Outcome reason_phrase(StunProbe& p) {
  const auto parts = error_parts(p.ask(p.binding().number(kUnknownRequired, 0)));
  if (!parts) return inconclusive("no error to look at");
  return short_text(parts->reason);
}

Outcome software(StunProbe& p) {
  const Reply reply = p.ask(p.binding());
  if (!reply.is_answer()) return outcome_of(reply);
  if (!reply.has(AttributeType::kSoftware)) return {.name = "absent"};
  return short_text(reply.text_of(AttributeType::kSoftware));
}

Outcome fingerprint_of_answer(StunProbe& p) {
  const Reply reply = p.ask(p.binding().fingerprint());
  if (!reply.is_answer()) return outcome_of(reply);
  switch (stun::check_fingerprint(reply.view())) {
    case stun::Verdict::kAbsent: return as_expected("there is none");
    case stun::Verdict::kValid: return as_expected("it is right");
    case stun::Verdict::kWrong: return wrong("it is wrong, or not the last attribute");
  }
  return wrong("");
}

Outcome with_text(StunProbe& p, AttributeType type, std::size_t size) {
  return outcome_of(p.ask(p.binding().text(type, long_text(size))));
}

Outcome many_optional(StunProbe& p) {
  RawStun request = p.binding();
  for (std::uint16_t i = 0; i < 60; ++i)
    request.number(unknown(static_cast<std::uint16_t>(0xC100 + i)), i);
  return outcome_of(p.ask(request));
}

Outcome overrun(StunProbe& p, std::uint16_t length) {
  return p.silence_after(
      p.binding().attribute_of_length(AttributeType::kSoftware, length, ByteVector{1, 2, 3, 4}));
}

Outcome behind_fingerprint(StunProbe& p) {
  return p.silence_after(p.binding().fingerprint().number(kUnknownRequired, 0));
}

Outcome bad_fingerprint(StunProbe& p) {
  return p.silence_after(p.binding().fingerprint(0x00000100));
}

Outcome fingerprint_size(StunProbe& p) {
  const ByteVector value(8, 0x55);
  return p.silence_after(p.binding().attribute(AttributeType::kFingerprint, value));
}

void add_unknown_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) { to.push_back(std::move(one)); };
  const std::vector<Accepted> refused{
      {"error 420", Verdict::kPass}
  };
  add({.id = "stun/8489:6.3.1#0/unknown-required",
       .title = "Asks with an attribute of the comprehension-required range that does not exist",
       .expectation = "420 (Unknown Attribute)",
       .cls = Class::kInvalid,
       .outcomes = refused,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) {
         return unknown_is_refused(p, static_cast<std::uint16_t>(kUnknownRequired), ByteVector(4));
       })});
  add({.id = "stun/8489:6.3.1#0/unknown-required-empty",
       .title = "The same without a value",
       .expectation = "420 (Unknown Attribute)",
       .cls = Class::kInvalid,
       .outcomes = refused,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) { return unknown_is_refused(p, 0x7F32, {}); })});
  add({.id = "stun/8489:6.3.1#0/unknown-required-highest",
       .title = "The same with type 0x7FFF, the last that has to be understood",
       .expectation = "420 (Unknown Attribute)",
       .cls = Class::kInvalid,
       .outcomes = refused,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) { return unknown_is_refused(p, 0x7FFF, ByteVector(4)); })});
  add({.id = "stun/8489:6.3.1#0/unknown-required-odd",
       .title = "The same with a value of five bytes",
       .expectation = "420 (Unknown Attribute)",
       .cls = Class::kInvalid,
       .outcomes = refused,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) { return unknown_is_refused(p, 0x7F33, ByteVector(5)); })});
  add({.id = "stun/8489:6.3.1.1#3/lists-one",
       .title = "Asks with one unknown attribute",
       .expectation = "UNKNOWN-ATTRIBUTES in the 420 names it",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) { return unknown_are_listed(p, {0x7F31}); })});
  add({.id = "stun/8489:6.3.1.1#3/lists-three",
       .title = "Asks with three unknown attributes",
       .expectation = "UNKNOWN-ATTRIBUTES in the 420 names all of them and no other",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) { return unknown_are_listed(p, {0x7F31, 0x7ABC, 0x7001}); })});
  add({.id = "stun/8489:6.3.1.1#3/lists-no-optional",
       .title = "Asks with an unknown required and an unknown optional attribute",
       .expectation = "UNKNOWN-ATTRIBUTES in the 420 names the required one alone",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) {
         const Reply reply =
             p.ask(p.binding().number(kUnknownOptional, 0).number(kUnknownRequired, 0));
         if (reply.code != 420) return outcome_of(reply);
         const auto told = listed(reply);
         if (!told) return wrong("420 without UNKNOWN-ATTRIBUTES");
         const bool names_optional =
             std::ranges::any_of(*told, [](std::uint16_t type) { return type >= 0x8000; });
         return names_optional ? wrong("it lists an optional one") : as_expected();
       })});
  add({.id = "stun/8489:6.3.1.1#3/lists-one-of-two-alike",
       .title = "Asks with the same unknown attribute twice",
       .expectation = "UNKNOWN-ATTRIBUTES in the 420 names it, once or twice",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"open"},
       .run = on(+[](StunProbe& p) { return unknown_are_listed(p, {0x7F31, 0x7F31}); })});
  add({.id = "stun/8489:14#3/length-of-the-list",
       .title = "Asks with one unknown attribute and looks at the length of the list",
       .expectation = "The length field does not count padding: two bytes for one type",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .needs = {"open"},
       .run = on(list_has_its_length)});
  add({.id = "stun/8489:6.3#1/unknown-optional",
       .title = "Asks with an attribute that need not be understood",
       .expectation = "It is ignored",
       .outcomes = kServed,
       .run = on(+[](StunProbe& p) {
         return outcome_of(p.ask(p.binding().number(kUnknownOptional, 1)));
       })});
  add({.id = "stun/8489:6.3#1/unknown-optional-sixty",
       .title = "Asks with sixty attributes that need not be understood",
       .expectation = "All are ignored",
       .outcomes = kServed,
       .run = on(many_optional)});
  add({.id = "stun/8489:6.3#2/known-but-unexpected",
       .title = "Asks with XOR-MAPPED-ADDRESS and ERROR-CODE, which belong in answers",
       .expectation = "They are ignored",
       .level = Level::kShould,
       .cls = Class::kInopportune,
       .outcomes = kKnownButUnexpectedOutcomes,
       .run = on(+[](StunProbe& p) {
         return outcome_of(
             p.ask(p.binding()
                       .xor_address(AttributeType::kXorMappedAddress, p.path().local)
                       .attribute(AttributeType::kErrorCode, ByteVector{0, 0, 4, 0})));
       })});
}

void add_format_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) { to.push_back(std::move(one)); };
  add({.id = "stun/8489:14#4/padding-not-zero",
       .title = "Pads SOFTWARE with bytes 0xFF",
       .expectation = "Padding is ignored",
       .outcomes = kServed,
       .run = on(+[](StunProbe& p) {
         return outcome_of(
             p.ask(p.binding().attribute(AttributeType::kSoftware, as_bytes("glass"), 0xFF)));
       })});
  add({.id = "stun/8489:14#4/own-padding",
       .title = "Asks for an answer with a list of two bytes",
       .expectation = "Its padding is zero",
       .outcomes = kExpected,
       .run = on(own_padding)});
  add({.id = "stun/8489:14#2/no-value",
       .title = "Asks with an empty SOFTWARE",
       .expectation = "An attribute may be four bytes long",
       .outcomes = kServed,
       .run = on(+[](StunProbe& p) {
         return outcome_of(p.ask(p.binding().text(AttributeType::kSoftware, "")));
       })});
  add({.id = "stun/8489:14#5/twice",
       .title = "Asks with SOFTWARE twice",
       .expectation = "An attribute may appear more than once",
       .level = Level::kMay,
       .outcomes = kServed,
       .run = on(+[](StunProbe& p) {
         return outcome_of(p.ask(p.binding()
                                     .text(AttributeType::kSoftware, "one")
                                     .text(AttributeType::kSoftware, "two")));
       })});
  for (const std::uint16_t length : {std::uint16_t{8}, std::uint16_t{5}, std::uint16_t{0xFFFF}})
    add({.id = "stun/8489:14#3/overrun-" + decimal(length),
         .title = "Asks with an attribute of four bytes whose length says more",
         .expectation = "It reaches past the message: no answer, or 400",
         .cls = Class::kInvalid,
         .outcomes = kOverrun,
         .run = [length](Session& session) {
           StunProbe p(session);
           return overrun(p, length);
         }});
  add({.id = "stun/8489:14.3#2/username-763",
       .title = "Asks with a USERNAME of 763 bytes",
       .expectation = "It can be parsed, for the sake of RFC 5389",
       .outcomes = kUsernameOutcomes,
       .run = on(+[](StunProbe& p) { return with_text(p, AttributeType::kUsername, 763); })});
  add({.id = "stun/8489:14.14#2/software-763",
       .title = "Asks with a SOFTWARE of 763 bytes",
       .expectation = "It can be parsed: so long it may be to whoever decodes it",
       .outcomes = kServed,
       .run = on(+[](StunProbe& p) { return with_text(p, AttributeType::kSoftware, 763); })});
  add({
      .id = "stun/8489:14.14#2/own-software",
      .title = "Looks at the SOFTWARE of an answer",
      .expectation = "UTF-8, fewer than 128 characters",
      .outcomes = {{kAsExpected, Verdict::kPass}, {"absent", Verdict::kPass}},
      .run = on(software)
  });
  add({
      .id = "stun/8489:6.3.1.1#5/software",
      .title = "Looks for SOFTWARE in an answer",
      .expectation = "It is there",
      .level = Level::kShould,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"absent", Verdict::kLenient}},
      .run = on(software)
  });
  add({.id = "stun/8489:6.3.1.1#1/error-code",
       .title = "Provokes an error",
       .expectation = "The error response has an ERROR-CODE with class 3 to 6 and number 0 to 99",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .run = on(error_is_well_formed)});
  add({.id = "stun/8489:14.8#1/reason-phrase",
       .title = "Provokes an error",
       .expectation = "The reason phrase is UTF-8 of fewer than 128 characters",
       .cls = Class::kInvalid,
       .outcomes = kExpected,
       .run = on(reason_phrase)});
  add({
      .id = "stun/8489:14.8#2/reserved-bits",
      .title = "Provokes an error",
      .expectation = "The reserved bits before the class are zero",
      .level = Level::kShould,
      .cls = Class::kInvalid,
      .outcomes = {{kAsExpected, Verdict::kPass}, {"not zero", Verdict::kLenient}},
      .run = on(error_reserved_bits)
  });
}

void add_fingerprint_cases(std::vector<Case>& to) {
  const auto add = [&](Case one) { to.push_back(std::move(one)); };
  add({.id = "stun/8489:14.7#1/fingerprint",
       .title = "Asks with FINGERPRINT",
       .expectation = "It may be in any message",
       .level = Level::kMay,
       .outcomes = kServed,
       .run = on(+[](StunProbe& p) { return outcome_of(p.ask(p.binding().fingerprint())); })});
  add({.id = "stun/8489:6.3#0/wrong-fingerprint",
       .title = "Asks with a wrong FINGERPRINT",
       .expectation = "No answer; a server that does not use the extension may ignore it",
       .cls = Class::kInvalid,
       .outcomes = kWrongFingerprintOutcomes,
       .run = on(bad_fingerprint)});
  add({.id = "stun/8489:6.3#0/long-fingerprint",
       .title = "Asks with a FINGERPRINT of eight bytes",
       .expectation = "No answer or 400; a server that does not use the extension may ignore it",
       .cls = Class::kInvalid,
       .outcomes = kLongFingerprintOutcomes,
       .run = on(fingerprint_size)});
  add({.id = "stun/8489:14.7#2/own-fingerprint",
       .title = "Asks with FINGERPRINT and looks at that of the answer",
       .expectation = "Where there is one, it is right, and the last attribute",
       .outcomes = kExpected,
       .run = on(fingerprint_of_answer)});
  add({.id = "stun/8489:14.7#2/behind-fingerprint",
       .title = "Puts an unknown attribute behind FINGERPRINT",
       .expectation = "FINGERPRINT is the last: what follows is not heeded",
       .cls = Class::kInvalid,
       .outcomes = kBehindFingerprintOutcomes,
       .run = on(behind_fingerprint)});
}

}  // namespace

void add_attribute_cases(std::vector<Case>& to) {
  add_unknown_cases(to);
  add_format_cases(to);
  add_fingerprint_cases(to);
}

}  // namespace glass::conform
