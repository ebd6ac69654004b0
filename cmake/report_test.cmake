# ctest's report_browser: tests/report_browser.py with any python3; skipped where there is no Chromium.
find_program(TCONV_ANY_PYTHON NAMES python3)
if(TCONV_ANY_PYTHON)
  add_test(NAME report_browser COMMAND ${TCONV_ANY_PYTHON} -B ${PROJECT_SOURCE_DIR}/tests/report_browser.py $<TARGET_FILE:tconv_cli>
           ${PROJECT_SOURCE_DIR}/tests/data/report)
  set_tests_properties(report_browser PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)
else()
  message(STATUS "no python3: the test report_browser is left out")
endif()
