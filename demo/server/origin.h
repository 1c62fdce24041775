// demo/server/origin.h - who may talk to a server that listens on this machine.
//
// A page of another site can make the browser send requests here (cross-site requests), and can
// give its own name our address (DNS rebinding). Browsers tell the truth in two headers: Host, the
// name that was typed, and Origin, the site that asks.  Tested by: tests/demo/origin_test.cc
#pragma once

#include <string_view>

namespace glass::demo {

// The name part of "name:port"; brackets of an IPv6 literal are kept.
std::string_view host_name_of(std::string_view host);

// May this Host be served? An IP literal cannot be rebound, localhost neither; any other name must
// be `own_name`, the one that the server was told it has.
bool is_own_host(std::string_view host, std::string_view own_name);

// Did a page of this very server ask? `origin` is "http://name:port" as browsers write it.
bool is_same_origin(std::string_view origin, std::string_view host);

}  // namespace glass::demo
