# ctest's peers_agree: tests/peers.sh with a python3 that has numpy (cmake -DTCONV_PYTHON=PATH), or skipped.
function(tconv_has_numpy answer python)
  execute_process(COMMAND ${python} -c "import numpy" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(NOT status EQUAL 0)
    set(${answer} FALSE PARENT_SCOPE)
  endif()
endfunction()

# The first on the path need not be the one that has it.
find_program(TCONV_PYTHON python3 VALIDATOR tconv_has_numpy)
if(TCONV_PYTHON)
  add_test(NAME peers_agree COMMAND ${PROJECT_SOURCE_DIR}/tests/peers.sh ${TCONV_PYTHON} ${PROJECT_SOURCE_DIR}/bench/peers
           ${PROJECT_SOURCE_DIR}/bench/extra_layers.csv $<TARGET_FILE:tconv>)
  set_tests_properties(peers_agree PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
else()
  message(STATUS "no python3 has numpy: the test peers_agree is left out")
endif()
