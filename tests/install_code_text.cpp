// For install.sh: the machine code of a layer as text; exit status 3 when what makes it is missing.
#include <tconv/inspect.hpp>

#include <cstdio>

int main() {
  const auto op = tconv::ConvTranspose::create("f32 nhwc ic=16 oc=16 i=8x8 k=2 s=2");
  try {
    const std::string text = tconv::code_text(op);
    std::printf("%zu bytes of text\n", text.size());
    return text.find("vfmadd") == std::string::npos;
  } catch (const tconv::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.status() == tconv::Status::unsupported ? 3 : 1;
  }
}
