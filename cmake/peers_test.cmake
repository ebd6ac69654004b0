# ctest's peers_agree: tests/peers.sh with the python3 that has numpy (cmake -DTCONV_PYTHON=PATH), or skipped.
find_program(TCONV_PYTHON python3)
if(TCONV_PYTHON)
  add_test(NAME peers_agree COMMAND ${PROJECT_SOURCE_DIR}/tests/peers.sh ${TCONV_PYTHON} ${PROJECT_SOURCE_DIR}/bench/peers
           ${PROJECT_SOURCE_DIR}/bench/extra_layers.csv $<TARGET_FILE:tconv>)
  set_tests_properties(peers_agree PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
else()
  message(STATUS "python3 is missing: the test peers_agree is left out")
endif()
