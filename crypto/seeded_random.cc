#include "crypto/seeded_random.h"

#include <cstddef>
#include <cstdint>

#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_METHOD has no successor that covers the whole process
#include <openssl/rand.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"

namespace glass::crypto {
namespace {

// Process-wide on purpose: so is what it replaces.
SeededRandom& dice() {
  static SeededRandom the_dice(0);
  return the_dice;
}

int draw(unsigned char* out, int count) {
  CHECK(count >= 0);
  dice().fill(MutableBytes(out, static_cast<std::size_t>(count)));
  return 1;
}
int add_seed(const void* /*bytes*/, int /*count*/, double /*entropy*/) { return 1; }
int set_seed(const void* /*bytes*/, int /*count*/) { return 1; }
int ready() { return 1; }
void clean_up() {}

}  // namespace

void seed_openssl(std::uint64_t seed) {
  static const RAND_METHOD kSeeded{set_seed, draw, clean_up, add_seed, draw, ready};
  dice() = SeededRandom(seed);
  CHECK(RAND_set_rand_method(&kSeeded) == 1);
}

void unseed_openssl() { CHECK(RAND_set_rand_method(nullptr) == 1); }

}  // namespace glass::crypto
