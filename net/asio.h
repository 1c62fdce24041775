// net/asio.h - the parts of Asio that net/*.cc uses. Not for headers: they would all become slow.
#pragma once

#define ASIO_STANDALONE
#define ASIO_NO_DEPRECATED
// IWYU pragma: begin_exports
#include <asio/error_code.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/posix/descriptor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
// IWYU pragma: end_exports
