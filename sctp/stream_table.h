// sctp/stream_table.h - something for each of 65,536 streams, in pages that come when touched.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "sctp/types.h"

namespace glass::sctp {

template <class T>
class StreamTable {
 public:
  // The entry of a stream, made at the first touch.
  T& operator[](StreamId stream) {
    std::unique_ptr<Page>& page = pages_[stream.value() / kPageSize];
    if (page == nullptr) page = std::make_unique<Page>();
    return (*page)[stream.value() % kPageSize];
  }
  // nullptr: never touched.
  [[nodiscard]] T* find(StreamId stream) {
    Page* page = pages_[stream.value() / kPageSize].get();
    return page == nullptr ? nullptr : &(*page)[stream.value() % kPageSize];
  }
  [[nodiscard]] const T* find(StreamId stream) const {
    const Page* page = pages_[stream.value() / kPageSize].get();
    return page == nullptr ? nullptr : &(*page)[stream.value() % kPageSize];
  }
  // Calls visit(entry) for each entry of each page that was touched, in order of streams.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (const std::unique_ptr<Page>& page : pages_)
      if (page != nullptr)
        for (T& entry : *page) visit(entry);
  }
  void clear() {
    for (std::unique_ptr<Page>& page : pages_) page.reset();
  }

 private:
  static constexpr std::size_t kPageSize = 256;
  using Page = std::array<T, kPageSize>;
  std::array<std::unique_ptr<Page>, kPageSize> pages_;
};

}  // namespace glass::sctp
