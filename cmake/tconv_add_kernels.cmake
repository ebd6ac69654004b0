# tconv_add_kernels(TARGET
#   LAYERS file.csv | PROBLEMS line..  the layers: a CSV as bench/layers.csv, or problem lines (both may be given)
#   [ISA isa..]                        avx512fp16 avx512bf16 avx512 avx2 sse2; default: avx512 avx2; on AArch64 neon128
#   [NAME name]                        of the library and its header, NAME.h; default: TARGET_kernels
#   [CPU core]                         that plans are made for; default: generic, the same on every build machine
#   [TRIPLE triple]                    default: x86_64-linux-gnu, where CMAKE_SYSTEM_PROCESSOR is AArch64 aarch64-linux-gnu
#   [BACKEND backend] [DTYPE type] [LAYOUT last|first] [ACCURACY mode] [THREADS n] [FUSED])
#
# Compiles the layers when the build runs (docs/aot.md) and links the result into TARGET, whose sources then include
# "NAME.h". Done again when the CSV or tconv itself changes. NAME is a library of the project: other targets may link it.
function(tconv_add_kernels target)
  set(words LAYERS NAME CPU TRIPLE BACKEND DTYPE LAYOUT ACCURACY THREADS)
  cmake_parse_arguments(PARSE_ARGV 1 arg FUSED "${words}" "PROBLEMS;ISA")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "tconv_add_kernels(${target}): not understood: ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "tconv_add_kernels: there is no target ${target}")
  endif()
  if(NOT arg_LAYERS AND NOT arg_PROBLEMS)
    message(FATAL_ERROR "tconv_add_kernels(${target}): LAYERS file.csv or PROBLEMS line.. is needed")
  endif()
  if(NOT arg_NAME)
    string(MAKE_C_IDENTIFIER ${target}_kernels arg_NAME)
  endif()
  if(NOT arg_CPU)
    set(arg_CPU generic)
  endif()
  if(NOT arg_TRIPLE AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(arg_TRIPLE aarch64-linux-gnu)
  endif()
  set(driver)  # inside the library, but not for other CPUs
  if(arg_TRIPLE MATCHES "^(aarch64|arm64)-")
    set(driver tconv_aot_driver.c)
  elseif(NOT arg_ISA)
    set(arg_ISA avx512 avx2)
  endif()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME})
  file(MAKE_DIRECTORY ${folder})  # include folders must be there
  set(files ${folder}/lib${arg_NAME}.a ${folder}/${arg_NAME}.h ${folder}/${arg_NAME}.json ${folder}/${arg_NAME}.cmake
            ${folder}/tconv_aot.h)
  list(TRANSFORM driver PREPEND ${folder}/)
  list(APPEND files ${driver})
  set(options --out ${folder} --name ${arg_NAME} --cpu ${arg_CPU} --force)
  if(arg_LAYERS)
    cmake_path(ABSOLUTE_PATH arg_LAYERS)
    list(APPEND options --layers ${arg_LAYERS})
  endif()
  if(arg_ISA)
    list(JOIN arg_ISA "," isa)
    list(APPEND options --isa ${isa})
  endif()
  foreach(word TRIPLE BACKEND DTYPE LAYOUT ACCURACY THREADS)
    if(DEFINED arg_${word})
      string(TOLOWER ${word} option)
      list(APPEND options --${option} ${arg_${word}})
    endif()
  endforeach()
  if(arg_FUSED)
    list(APPEND options --fused)
  endif()
  add_custom_command(OUTPUT ${files} COMMAND tconv::tool aot ${options} ${arg_PROBLEMS}
                     DEPENDS tconv::tool ${arg_LAYERS} COMMENT "tconv aot: ${arg_NAME}" VERBATIM)
  add_custom_target(${arg_NAME}_files DEPENDS ${files})

  add_library(${arg_NAME} STATIC IMPORTED GLOBAL)
  set_target_properties(${arg_NAME} PROPERTIES IMPORTED_LOCATION ${folder}/lib${arg_NAME}.a
                        INTERFACE_INCLUDE_DIRECTORIES ${folder})
  add_dependencies(${arg_NAME} ${arg_NAME}_files)
  if(driver)  # with the options of NAME.cmake
    add_library(${arg_NAME}_driver STATIC ${driver})
    target_compile_options(${arg_NAME}_driver PRIVATE -O2 -ffreestanding -ffp-contract=off -fno-fast-math -fno-stack-protector)
    set_target_properties(${arg_NAME}_driver PROPERTIES POSITION_INDEPENDENT_CODE ON)
    set_target_properties(${arg_NAME} PROPERTIES INTERFACE_LINK_LIBRARIES ${arg_NAME}_driver)
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    target_link_libraries(${target} INTERFACE ${arg_NAME})
  else()
    target_link_libraries(${target} PRIVATE ${arg_NAME})
  endif()
endfunction()
