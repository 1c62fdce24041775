// sdp/lines.h - a description under construction: one call a line.  Tested by: offer_answer_test.cc
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace glass::sdp {

class Lines {
 public:
  template <class... Parts>
  void line(std::string_view first, const Parts&... parts) {
    text_ += first;
    ((text_ += parts), ...);
    text_ += "\r\n";
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace glass::sdp
