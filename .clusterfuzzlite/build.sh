#!/bin/bash -eu
exec "$SRC/glassrtc/fuzz/oss-fuzz/build.sh"
