# Turns a file into a C++ source with its bytes, or a list of such files into their index.
#   cmake -D INPUT=... -D OUTPUT=... -D SYMBOL=... -P embed.cmake
#   cmake -D OUTPUT=... -D NAMES=name=symbol|name=symbol -P embed.cmake
if(DEFINED INPUT)
  file(READ ${INPUT} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(WRITE ${OUTPUT} "extern const unsigned char ${SYMBOL}_bytes[];
extern const unsigned long ${SYMBOL}_size;
const unsigned char ${SYMBOL}_bytes[] = {\n${bytes}0};
const unsigned long ${SYMBOL}_size = ${size};
")
  return()
endif()

string(REPLACE "|" ";" pairs "${NAMES}")
set(declarations "")
set(rows "")
foreach(pair IN LISTS pairs)
  string(REGEX MATCH "^(.*)=(.*)$" unused "${pair}")
  string(APPEND declarations "extern const unsigned char ${CMAKE_MATCH_2}_bytes[];\nextern const unsigned long ${CMAKE_MATCH_2}_size;\n")
  string(APPEND rows "      {\"${CMAKE_MATCH_1}\", {${CMAKE_MATCH_2}_bytes, ${CMAKE_MATCH_2}_size}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"demo/embedded.h\"

${declarations}
namespace glass::demo {

std::span<const EmbeddedFile> embedded_files() {
  static const EmbeddedFile kFiles[] = {
${rows}      {{}, {}}};
  return std::span(kFiles).first(std::size(kFiles) - 1);
}

}  // namespace glass::demo
")
