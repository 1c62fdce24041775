#include "sdp/diff.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

std::string text_of(const Line& line) {
  return line.type == 0 ? std::string() : std::string(1, line.type) + '=' + line.value;
}

// The lines that `lines` has more often than `others`.
void add_missing(std::span<const Line> lines, std::span<const Line> others, DiffSide side,
                 std::vector<LineChange>& out) {
  std::map<std::string, int> left;
  for (const Line& line : others) ++left[text_of(line)];
  for (const Line& line : lines) {
    std::string text = text_of(line);
    if (line.type == 0 || --left[text] >= 0) continue;
    out.push_back({.side = side, .line = line.number, .text = std::move(text)});
  }
}

void add_section(std::string name, std::span<const Line> first, std::span<const Line> second,
                 std::vector<SectionDiff>& out) {
  SectionDiff section{.name = std::move(name)};
  add_missing(first, second, DiffSide::kFirst, section.changes);
  add_missing(second, first, DiffSide::kSecond, section.changes);
  if (!section.changes.empty()) out.push_back(std::move(section));
}

std::string name_of(const Media& media, std::size_t index) {
  std::string name = "section " + decimal(index) + ": " + printable(media.kind);
  if (!mid(media).empty()) name += ", mid " + printable(mid(media));
  return name;
}

// The other side's section for this one; null: it has none.
const Media* partner(const Media& media, std::size_t index, const Description& other) {
  if (!mid(media).empty())
    if (const Media* same = find_mid(other, mid(media))) return same;
  if (index >= other.media.size()) return nullptr;
  return &other.media[index];
}

}  // namespace

std::vector<SectionDiff> diff(const Description& first, const Description& second) {
  std::vector<SectionDiff> out;
  add_section("session", first.session, second.session, out);
  std::vector<const Media*> met;
  for (std::size_t i = 0; i < first.media.size(); ++i) {
    const Media* other = partner(first.media[i], i, second);
    if (std::ranges::find(met, other) != met.end()) other = nullptr;
    if (other != nullptr) met.push_back(other);
    add_section(name_of(first.media[i], i), first.media[i].lines,
                other == nullptr ? std::span<const Line>() : std::span<const Line>(other->lines),
                out);
  }
  for (std::size_t i = 0; i < second.media.size(); ++i)
    if (std::ranges::find(met, &second.media[i]) == met.end())
      add_section(name_of(second.media[i], i), {}, second.media[i].lines, out);
  return out;
}

}  // namespace glass::sdp
