// conform/report/shared.h - what the reports have in common.
#pragma once

#include <string>

#include "conform/case.h"
#include "explain/notes.h"

namespace glass::conform {

// "error 400: STUN Binding error response 400 Bad Request"
std::string seen_text(const Outcome& outcome);
// The note of the case's rule; null: there is none.
const explain::Note* note_of(const Case& one, const explain::Notes* notes);

}  // namespace glass::conform
