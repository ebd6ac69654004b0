# Zydis::Zydis. Debian's own package file for Zydis does not find its own Zycore.
find_path(ZYDIS_INCLUDE Zydis/Zydis.h)
find_library(ZYDIS_LIBRARY Zydis)
mark_as_advanced(ZYDIS_INCLUDE ZYDIS_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Zydis REQUIRED_VARS ZYDIS_LIBRARY ZYDIS_INCLUDE)

if(Zydis_FOUND AND NOT TARGET Zydis::Zydis)
  add_library(Zydis::Zydis UNKNOWN IMPORTED)
  set_target_properties(Zydis::Zydis PROPERTIES IMPORTED_LOCATION ${ZYDIS_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${ZYDIS_INCLUDE})
endif()
