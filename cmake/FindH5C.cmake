# H5C::H5C: HDF5's C library and nothing else. Debian keeps the build without MPI in folders of its own, and CMake's
# own module asks the compiler wrapper for them, which brings what a program does not need.
find_path(H5C_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(H5C_LIBRARY NAMES hdf5_serial hdf5 PATH_SUFFIXES hdf5/serial)
mark_as_advanced(H5C_INCLUDE H5C_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(H5C REQUIRED_VARS H5C_LIBRARY H5C_INCLUDE)

if(H5C_FOUND AND NOT TARGET H5C::H5C)
  add_library(H5C::H5C UNKNOWN IMPORTED)
  set_target_properties(H5C::H5C PROPERTIES IMPORTED_LOCATION ${H5C_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${H5C_INCLUDE})
endif()
