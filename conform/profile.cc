#include "conform/profile.h"

#include <algorithm>
#include <ranges>

#include "base/text.h"

namespace glass::conform {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

// Cuts the first word off.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

bool begins_a_case(const std::vector<Case>& all, std::string_view prefix) {
  return std::ranges::any_of(all, [&](const Case& one) { return one.id.starts_with(prefix); });
}

}  // namespace

bool Exemption::matches(std::string_view case_id) const {
  if (id.ends_with('*')) return case_id.starts_with(std::string_view(id).substr(0, id.size() - 1));
  return case_id == id;
}

Result<void, std::string> Profile::add(std::string_view text) {
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::string_view verb = take_word(line);
    const std::string_view id = take_word(line);
    if ((verb != "xfail" && verb != "skip") || id.empty())
      return std::unexpected("line " + decimal(number) + ": \"xfail ID why\" or \"skip ID why\"");
    (verb == "xfail" ? xfails : skips).push_back({std::string(id), std::string(line)});
  }
  return {};
}

const Exemption* find(const std::vector<Exemption>& list, std::string_view case_id) {
  const auto found =
      std::ranges::find_if(list, [&](const Exemption& one) { return one.matches(case_id); });
  return found == list.end() ? nullptr : &*found;
}

Result<std::vector<const Case*>, std::string> select(const std::vector<Case>& all,
                                                     const Selection& selection) {
  for (const std::string& prefix : selection.prefixes)
    if (!begins_a_case(all, prefix)) return std::unexpected(prefix);
  for (const auto* const list : {&selection.profile.xfails, &selection.profile.skips})
    for (const Exemption& one : *list)
      if (std::ranges::none_of(all, [&](const Case& c) { return one.matches(c.id); }))
        return std::unexpected(one.id);
  std::vector<const Case*> chosen;
  for (const Case& one : all) {
    const bool is_named = std::ranges::any_of(
        selection.prefixes, [&](const std::string& prefix) { return one.id.starts_with(prefix); });
    if (!selection.prefixes.empty() && !is_named) continue;
    // Whoever names a case wants it, whatever its level.
    const bool is_named_whole =
        std::ranges::find(selection.prefixes, one.id) != selection.prefixes.end();
    if (one.level > selection.level && !is_named_whole) continue;
    chosen.push_back(&one);
  }
  return chosen;
}

}  // namespace glass::conform
