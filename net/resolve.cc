#include "net/resolve.h"

#include <algorithm>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/text.h"
#include "net/asio.h"
#include "net/loop.h"

namespace glass::net {
namespace {

using Resolver = asio::ip::udp::resolver;

Resolved answer(const asio::error_code& error, const Resolver::results_type& results,
                const std::string& host) {
  if (error) return std::unexpected("resolve " + printable(host) + ": " + error.message());
  std::vector<Address> addresses;
  for (const auto& entry : results) {
    const asio::ip::udp::endpoint endpoint = entry.endpoint();
    const Address address =
        endpoint.address().is_v4()
            ? Address::v4(endpoint.address().to_v4().to_uint(), endpoint.port())
            : Address::v6(endpoint.address().to_v6().to_bytes(), endpoint.port());
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  if (addresses.empty())
    return std::unexpected("resolve " + printable(host) + ": the name has no address");
  return addresses;
}

}  // namespace

void resolve(Loop& loop, const std::string& host, std::uint16_t port,
             std::move_only_function<void(Resolved)> on_resolved) {
  auto resolver = std::make_shared<Resolver>(loop.context());
  resolver->async_resolve(
      host, decimal(port),
      [&loop, resolver, host, call = std::move(on_resolved)](
          const asio::error_code& error, const Resolver::results_type& results) mutable {
        loop.post([call = std::move(call), got = answer(error, results, host)]() mutable {
          call(std::move(got));
        });
      });
}

Resolved resolve_now(const std::string& host, std::uint16_t port) {
  asio::io_context io;
  Resolver resolver(io);
  asio::error_code error;
  const auto results = resolver.resolve(host, decimal(port), error);
  return answer(error, results, host);
}

}  // namespace glass::net
