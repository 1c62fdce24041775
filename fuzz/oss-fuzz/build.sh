#!/bin/bash -eu
# fuzz/oss-fuzz/build.sh - builds every harness the way OSS-Fuzz and ClusterFuzzLite ask for it.
#
# Takes CC, CXX, CFLAGS, CXXFLAGS (instrumentation and sanitizers are in them), LIB_FUZZING_ENGINE,
# SRC, WORK and OUT from the environment; leaves in $OUT, for each fuzz/NAME.cc, the program NAME,
# NAME_seed_corpus.zip with its corpus and past findings, and NAME.dict. `./check --stage fuzz` runs it too.
root=${GLASS_ROOT:-$SRC/glassrtc}

cmake -S "$root" -B "$WORK/glassrtc" -G Ninja -DCMAKE_BUILD_TYPE=None \
  -DGLASS_FUZZ=ON -DGLASS_DEMO=OFF -DGLASS_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" -DOPENSSL_USE_STATIC_LIBS=ON
cmake --build "$WORK/glassrtc" --target fuzzers

for harness in "$root"/fuzz/*.cc; do
  name=$(basename "$harness" .cc)
  [ "$name" != replay_main ] || continue
  cp "$WORK/glassrtc/fuzz/fuzz_$name" "$OUT/$name"

  seeds=$(find "$root/fuzz/corpus/$name" "$root/tests/regressions/$name" -type f 2>/dev/null | sort)
  rm -f "$OUT/${name}_seed_corpus.zip"
  zip -q -j -X "$OUT/${name}_seed_corpus.zip" $seeds

  # A machine reads the same bytes as the parser of its protocol, a part of it (parse_dtls_ack) too.
  for dictionary in "$root"/fuzz/dict/*.dict; do
    case "${name/machine_/parse_}_" in "$(basename "$dictionary" .dict)"_*) cp "$dictionary" "$OUT/$name.dict" ;; esac
  done
  printf '[libfuzzer]\nmax_len = 65536\ntimeout = 20\n' >"$OUT/$name.options"
done
