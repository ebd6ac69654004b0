// NPY files: round trips, and every kind of damage is refused with a sentence that names file and
// reason.
#include "tools/npy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tools/command.h"
#include "tools/layers_csv.h"

namespace tconv::tools {
namespace {

class Npy : public testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    const std::string path = folder_.file("a.npy");
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string good() {
    const float data[6] = {0, 1, 2, 3, 4, 5};
    const std::string path = folder_.file("good.npy");
    write_npy(path, "<f4", {2, 3}, data, sizeof data);
    return bytes_of(path);
  }
  // The sentence, which must name the file.
  std::string refusal(const std::string& path) {
    try {
      read_npy(path);
    } catch (const UsageError& e) {
      EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "was accepted";
    return {};
  }
  test::TemporaryFolder folder_;
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_F(Npy, RoundTrips) {
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{2, 3}, {6}, {1, 2, 3, 1}, {0, 4}, {}}) {
    std::size_t elements = 1;
    for (std::int64_t d : shape) elements *= static_cast<std::size_t>(d);
    std::vector<double> data(elements);
    for (std::size_t i = 0; i < elements; ++i) data[i] = static_cast<double>(i) / 3;
    const std::string path = folder_.file("r.npy");
    write_npy(path, "<f8", shape, data.data(), elements * 8);
    EXPECT_EQ(std::filesystem::file_size(path) % 64, elements * 8 % 64) << "data starts aligned";
    const NpyArray array = read_npy(path);
    EXPECT_EQ(array.descr, "<f8");
    EXPECT_EQ(array.shape, shape);
    ASSERT_EQ(array.data.bytes(), elements * 8);
    if (elements > 0) {
      EXPECT_EQ(std::memcmp(array.data.data(), data.data(), elements * 8), 0);
    }
  }
}

TEST_F(Npy, ReadsVersion2) {
  std::string bytes = good();
  bytes[6] = 2;
  bytes.insert(10, 2, '\0');  // the header's length has four bytes
  EXPECT_EQ(read_npy(write(bytes)).shape, (std::vector<std::int64_t>{2, 3}));
}

TEST_F(Npy, RefusesMissingAndForeignFiles) {
  EXPECT_NE(refusal(folder_.file("none.npy")).find("cannot be read"), std::string::npos);
  EXPECT_NE(refusal(write("PK\x03\x04 not NPY")).find("not an NPY"), std::string::npos);
  EXPECT_NE(refusal(write("")).find("not an NPY"), std::string::npos);
  EXPECT_FALSE(refusal(folder_.path().string()).empty());
}

TEST_F(Npy, RefusesEveryTruncation) {
  const std::string bytes = good();
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(refusal(write(bytes.substr(0, n))).empty());
  EXPECT_NE(refusal(write(bytes.substr(0, bytes.size() - 1))).find("truncated"), std::string::npos);
  EXPECT_NE(refusal(write(bytes + "x")).find("trailing"), std::string::npos);
}

TEST_F(Npy, RefusesHeadersThatLie) {
  const std::string bytes = good();
  EXPECT_NE(refusal(write(replaced(bytes, "False", "True "))).find("Fortran"), std::string::npos);
  EXPECT_NE(refusal(write(replaced(bytes, "<f4", ">f4"))).find("little-endian"), std::string::npos);
  EXPECT_NE(refusal(write(replaced(bytes, "<f4", "|O8"))).find("NPY type"), std::string::npos);
  EXPECT_NE(
      refusal(write(replaced(bytes, "(2,3,), ", "(9999999999999999999,"))).find("impossibly large"),
      std::string::npos);
  EXPECT_NE(refusal(write(replaced(bytes, "(2,3,)", "(2,-3)"))).find("shape"), std::string::npos);
  EXPECT_FALSE(refusal(write(replaced(bytes, "'shape'", "'shapf'"))).empty());
}

TEST_F(Npy, AFailedWriteLeavesNothing) {
  const float one = 1;
  EXPECT_THROW(write_npy(folder_.file("no/such/folder.npy"), "<f4", {1}, &one, 4), UsageError);
  EXPECT_THROW(write_npy(folder_.path().string(), "<f4", {1}, &one, 4), UsageError);
  EXPECT_THROW(write_npy("/dev/full", "<f4", {1}, &one, 4), UsageError);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST(LayersCsv, QuotesProtectCommas) {
  EXPECT_EQ(split_csv("a,\"b,c\",\"d\"\"e\",\r"),
            (std::vector<std::string>{"a", "b,c", "d\"e", ""}));
}

TEST(LayersCsv, ReadsEveryLayer) {
  const std::string folder = std::string(TCONV_SOURCE_DIR) + "/bench/";
  EXPECT_EQ(read_layers(folder + "layers.csv", "f32", "last", false).size(), 125U);
  EXPECT_EQ(read_layers(folder + "extra_layers.csv", "f32", "first", false).size(), 25U);
}

TEST(LayersCsv, OnlyExactPostOpsAreFused) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("l.csv");
  std::ofstream(path)
      << "name,batch,in_ch,out_ch,groups,in_spatial,kernel,stride,dilation,pad_before,"
         "out_spatial,activation\n"
         "a,1,4,4,1,5x6,2x2,2x2,1x1,0x0,10x12,relu\n"
         "b,1,4,4,1,5,2,2,1,0,10,relu (after BN)\n"
         "c,1,4,4,1,5,2,2,1,0,10,leaky_relu\n";
  const auto fused = read_layers(path, "f32", "first", true);
  ASSERT_EQ(fused.size(), 3U);
  EXPECT_NE(fused[0].line.find("bias relu"), std::string::npos) << fused[0].line;
  EXPECT_EQ(fused[0].line.rfind("f32 nchw", 0), 0U) << fused[0].line;
  EXPECT_EQ(fused[1].line.find("relu"), std::string::npos) << fused[1].line;
  EXPECT_EQ(fused[2].line.find("relu"), std::string::npos) << "a slope has no default";
  EXPECT_EQ(read_layers(path, "f32", "last", false)[0].line.find("relu"), std::string::npos);
}

}  // namespace
}  // namespace tconv::tools
