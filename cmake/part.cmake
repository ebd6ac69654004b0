# tconv_add_part(NAME SOURCES file.. LIBRARIES target..): libtconv_NAME.so, which the library opens on first use
# (jit/part.h). Its libraries are its own: neither libtconv.so nor the archive needs them.
function(tconv_add_part name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "SOURCES;LIBRARIES")
  add_library(tconv_${name} MODULE ${part_SOURCES})
  target_include_directories(tconv_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(tconv_${name} PRIVATE TCONV_VERSION="${PROJECT_VERSION}")
  target_link_libraries(tconv_${name} PRIVATE ${part_LIBRARIES})
  target_link_options(tconv_${name} PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/jit/part.map -Wl,--no-undefined)
  set_target_properties(tconv_${name} PROPERTIES LINK_DEPENDS ${PROJECT_SOURCE_DIR}/jit/part.map)
  set_property(GLOBAL APPEND PROPERTY TCONV_PARTS tconv_${name})
endfunction()
