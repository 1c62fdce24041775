// net/resolve.h - names to addresses, by the resolver of the system.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "net/loop.h"

namespace glass::net {

// At least one address, in the order of the system's preference; or what the resolver complains of.
using Resolved = Result<std::vector<Address>, std::string>;

// Answers on the thread of the loop; the loop goes on meanwhile.
void resolve(Loop& loop, const std::string& host, std::uint16_t port,
             std::move_only_function<void(Resolved)> on_resolved);
// Waits for the answer.
Resolved resolve_now(const std::string& host, std::uint16_t port);

}  // namespace glass::net
