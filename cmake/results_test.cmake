# ctest's results_page: tests/results.sh with any python3.
find_program(TCONV_ANY_PYTHON NAMES python3)
if(TCONV_ANY_PYTHON)
  add_test(NAME results_page COMMAND ${PROJECT_SOURCE_DIR}/tests/results.sh ${TCONV_ANY_PYTHON} ${PROJECT_SOURCE_DIR}/bench/results
           ${PROJECT_SOURCE_DIR}/tests/data/results)
  set_tests_properties(results_page PROPERTIES TIMEOUT 60)
else()
  message(STATUS "no python3: the test results_page is left out")
endif()
