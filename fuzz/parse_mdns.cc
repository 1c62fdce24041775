// fuzz: uses ice stun crypto
// fuzz/parse_mdns.cc - what is read of a DNS message can be written, and is then read the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/mdns.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass;
  using namespace glass::ice;
  const Bytes input(data, size);

  ByteVector copy(input.begin(), input.end());
  Mdns mdns{Trace{}};
  const Address here = Address::v4(0xc0a80102, Mdns::kPort);
  mdns.add_interface(here);
  mdns.publish(Instant{}, "a.local", here);
  mdns.resolve(Instant{}, "b.local");
  mdns.receive(
      Instant{
  },
      {{Transport::kUdp, Mdns::group(true), here}, copy});

  auto message = parse_dns(input);
  if (!message) return 0;
  const auto is_odd = [](const auto& entry) { return !is_dns_name(entry.name); };
  std::erase_if(message->questions, is_odd);
  std::erase_if(message->answers, is_odd);
  CHECK(parse_dns(write_dns(*message)) == *message);
  return 0;
}
