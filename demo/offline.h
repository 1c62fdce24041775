// demo/offline.h - the walkthrough as one file: page, styles, modules and runs, for file:// and no
// network.
//
// Modules from files of their own do not load from file://, but an import map to data: URLs does.
// Tested by: tests/demo/annotated_test.cc, tests/browser/cases/learn.mjs
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "explain/notes.h"

namespace glass::demo {

// The runs that the chapters show (page/learn/chapters.js), as POST /api/run takes them.
std::span<const std::string_view> lesson_runs();

// The error names the run that is none.
Result<std::string, std::string> offline_page(std::span<const std::string_view> runs,
                                              const explain::Notes& notes);

}  // namespace glass::demo
