#include "demo/offline.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "demo/annotated.h"
#include "demo/embedded.h"
#include "demo/json.h"
#include "explain/sinks/ndjson.h"

namespace glass::demo {
namespace {

constexpr std::array<std::string_view, 6> kLessonRuns{
    "scenario=first-light&seed=1",   "scenario=port-restricted&seed=1",
    "scenario=no-relay&seed=1",      "scenario=first-light&seed=11&loss=15",
    "scenario=delivery-once&seed=1", "scenario=attacks&seed=1"};
constexpr std::string_view kRoot = "page/";

std::string_view embedded_text(std::string_view name) {
  const EmbeddedFile* const file = find_embedded(name);
  return file == nullptr ? std::string_view{} : as_text(file->bytes);
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), with);
}

// "../dom.js" as seen from "page/learn/main.js": "page/dom.js".
std::string resolve(std::string_view module, std::string_view relative) {
  std::string_view folder = module.substr(0, module.rfind('/'));
  while (!relative.empty()) {
    if (relative.starts_with("./")) {
      relative.remove_prefix(2);
    } else if (relative.starts_with("../")) {
      relative.remove_prefix(3);
      folder = folder.substr(0, folder.rfind('/'));
    } else {
      break;
    }
  }
  return std::string(folder) + '/' + std::string(relative);
}

// A data: URL has no place that "./x.js" could start from: imports get whole names.
std::string with_whole_names(std::string_view name, std::string_view module) {
  constexpr std::string_view kFrom = " from '";
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t found = module.find(kFrom, at);
    if (found == std::string_view::npos) return out += module.substr(at);
    const std::size_t start = found + kFrom.size();
    const std::size_t end = std::min(module.find('\'', start), module.size());
    const std::string_view target = module.substr(start, end - start);
    out += module.substr(at, start - at);
    out += target.starts_with('.') ? resolve(name, target) : std::string(target);
    at = end;
  }
}

// Every module of the page; those that nobody asks for are never read.
std::string import_map() {
  Json imports = Json::object();
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.name.starts_with(kRoot) || !file.name.ends_with(".js")) continue;
    const std::string text = with_whole_names(file.name, as_text(file.bytes));
    imports[std::string(file.name)] = "data:text/javascript;base64," + base64(as_bytes(text));
  }
  return write_json({
      {"imports", std::move(imports)}
  });
}

// Inside of <script> only "</" could end it; in JSON a slash may be escaped.
std::string inside_script(std::string text) {
  for (std::size_t at = text.find("</"); at != std::string::npos; at = text.find("</", at + 2))
    text.replace(at, 2, "<\\/");
  return text;
}

}  // namespace

std::span<const std::string_view> lesson_runs() { return kLessonRuns; }

Result<std::string, std::string> offline_page(std::span<const std::string_view> runs,
                                              const explain::Notes& notes) {
  std::string traces;
  for (const std::string_view run : runs) {
    const auto request = parse_run_request(run);
    if (!request) return std::unexpected(std::string(run) + ": " + request.error());
    traces += "<script type=\"application/x-ndjson\" data-run=\"" + std::string(run) + "\">\n" +
              inside_script(annotated_run(*request, notes)) + "</script>\n";
  }
  std::string page(embedded_text("page/learn.html"));
  replace(page, "<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">", "");
  for (const std::string_view style : {"style.css", "learn.css"})
    replace(page, "<link rel=\"stylesheet\" href=\"" + std::string(style) + "\">",
            "<style>\n" + std::string(embedded_text(std::string(kRoot) + std::string(style))) +
                "</style>");
  replace(page, "<script type=\"module\" src=\"learn/main.js\"></script>",
          "<script type=\"importmap\">" + inside_script(import_map()) +
              "</script>\n  <script type=\"module\">import 'page/learn/main.js';</script>");
  replace(page, "</body>", traces + "</body>");
  return page;
}

}  // namespace glass::demo
