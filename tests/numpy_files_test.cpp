// NPY and NPZ: what NumPy writes in all its forms is read, what we write is what NumPy writes, and
// damaged files are refused with the reason.
#include <gtest/gtest.h>

#include "tests/support/keras_files.h"

#ifndef TCONV_HAS_KERAS_PART

TEST(NumpyFiles, NeedTheirPart) { GTEST_SKIP() << "built without zlib (zlib1g-dev)"; }

#else

namespace tconv::keras {
namespace {

using tests::bytes_of_file;
using tests::named;
using tests::refusal;
using tests::write_bytes;

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string out = "\x93NUMPY" + std::string{static_cast<char>(version), '\0'};
  const std::size_t length = header.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) out += static_cast<char>(length >> (8 * i));
  return out + header + data;
}

std::string floats(std::initializer_list<float> values) {
  std::string out;
  for (const float value : values) out.append(reinterpret_cast<const char*>(&value), 4);
  return out;
}

class NumpyFiles : public testing::Test {
 protected:
  OwnedTensor load(const std::string& bytes) {
    write_bytes(file_, bytes);
    return load_npy(file_);
  }
  void expect_refused(const std::string& bytes, const std::string& words) {
    write_bytes(file_, bytes);
    const tests::Refusal r = refusal([&] { (void)load_npy(file_); });
    EXPECT_EQ(r.argument, "file") << words;
    EXPECT_NE(r.what.find(file_ + ": "), std::string::npos) << r.what;
    EXPECT_NE(r.what.find(words), std::string::npos) << r.what;
  }
  test::TemporaryFolder folder_;
  const std::string file_ = folder_.file("a.npy");
};

using Floats = std::vector<float>;
Floats values(const OwnedTensor& t) { return {t.as<float>().begin(), t.as<float>().end()}; }

TEST_F(NumpyFiles, EveryFormOfAnArray) {
  const std::string data = floats({1, 2, 3, 4, 5, 6});
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n";
  for (const int version : {1, 2, 3}) {
    const OwnedTensor t = load(npy(header, data, version));
    EXPECT_EQ(t.shape(), (Dims{2, 3}));
    EXPECT_EQ(values(t), (Floats{1, 2, 3, 4, 5, 6}));
  }
  EXPECT_EQ(values(load(npy("{'shape': (2L, 3L), 'descr': '<f4', 'fortran_order': True}", data))),
            (Floats{1, 3, 5, 2, 4, 6}));
  std::string swapped = data;
  for (std::size_t i = 0; i < swapped.size(); i += 4) {
    std::swap(swapped[i], swapped[i + 3]);
    std::swap(swapped[i + 1], swapped[i + 2]);
  }
  EXPECT_EQ(values(load(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (6,), }", swapped))),
            (Floats{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(
      load(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", floats({7}))).elements(),
      1);
  EXPECT_EQ(load(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 0), }", "")).shape(),
            (Dims{3, 0}));
  for (const auto& [descr, type] : std::vector<std::pair<std::string, DType> >{{"<f2", DType::f16},
                                                                               {"<V2", DType::bf16},
                                                                               {"|V2", DType::bf16},
                                                                               {"<u2", DType::bf16},
                                                                               {"<i4", DType::i32},
                                                                               {"<i8", DType::i64},
                                                                               {"<f8", DType::f64}})
    EXPECT_EQ(load(npy("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (0,), }", ""))
                  .dtype(),
              type);
}

TEST_F(NumpyFiles, RefusedWithTheReason) {
  const std::string data = floats({1, 2});
  const auto header = [](const std::string& descr, const std::string& shape) {
    return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  };
  expect_refused("", "damaged in its first bytes");
  expect_refused("PK", "no zip directory");
  expect_refused("\x93NUMPY", "cut off");
  expect_refused(npy(header("<f4", "(2,)"), data, 4), "is of version 4");
  expect_refused(npy(header("<f4", "(3,)"), data),
                 "[3] of type float32 takes 12 bytes, there are 8");
  expect_refused(npy(header("<f4", "(1,)"), data), "takes 4 bytes, there are 8");
  expect_refused(npy(header("<c8", "(1,)"), data), "its type is '<c8'");
  expect_refused(npy(header("|O", "(1,)"), data), "its type is '|O'");
  expect_refused(npy(header("<f4", "(2"), data), "where one is needed");
  expect_refused(npy(header("<f4", "(-2,)"), data), "no size");
  expect_refused(npy(header("<f4", "2"), data), "has no '('");
  expect_refused(npy(header("<f4", "(99999999999999999999,)"), data), "impossible size");
  expect_refused(npy(header("<f4", "(4611686018427387, 4096)"), data), "is impossible");
  expect_refused(npy(header("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 2)"), data), "9 axes");
  expect_refused(npy("{'descr': '<f4', 'shape': (2,)}", data), "has not one");
  expect_refused(
      npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", data),
      "has not one");
  expect_refused(npy(header("<f4", "(2,)") + "x", data), "has not one");
  expect_refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", data),
                 "has no '\\x27'");
  expect_refused(npy("{'x': 3}", data), "has an entry 'x'");
}

TEST_F(NumpyFiles, WhatIsWrittenIsWhatNumpyWrites) {
  const OwnedTensor t(DType::f64, {2, 1});
  save_npy(t, file_);
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }";
  header.resize(117, ' ');
  EXPECT_EQ(bytes_of_file(file_), npy(header + "\n", std::string(16, '\0')));
  for (const DType type : {DType::f16, DType::bf16, DType::f32, DType::i32, DType::i64}) {
    OwnedTensor some(type, {3});
    std::memset(some.data(), 0x41, some.bytes());
    save_npy(some, file_);
    EXPECT_TRUE(tests::same_bits(load_npy(file_), some)) << name(type);
  }
  const float strided[] = {1, 9, 2, 9};
  save_npy(TensorView(strided, DType::f32, {2}, {2}), file_);
  EXPECT_EQ(values(load_npy(file_)), (Floats{1, 2}));
  EXPECT_EQ(refusal([&] { save_npy(t, folder_.file("a.txt")); }).argument, "file");
  EXPECT_EQ(refusal([&] { save_npy(TensorView(), file_); }).argument, "tensor");
}

TEST_F(NumpyFiles, Archives) {
  const std::vector<NamedTensor> shipped = load_npz(tests::keras_data("upsample.npz"));  // deflated
  EXPECT_EQ(shipped.size(), 6U);
  EXPECT_EQ(named(shipped, "x").shape(), (Dims{2, 5, 6, 4}));
  const std::string file = folder_.file("a.npz");
  std::vector<NamedView> views;
  for (const NamedTensor& each : shipped) views.push_back({each.name, each.tensor.view()});
  save_npz(views, file);
  const std::vector<NamedTensor> again = load_npz(file);
  ASSERT_EQ(again.size(), 6U);
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(again[i].name, shipped[i].name);
    EXPECT_TRUE(tests::same_bits(again[i].tensor, shipped[i].tensor));
  }
  views.push_back(views.front());
  EXPECT_NE(refusal([&] { save_npz(views, file); }).what.find("given is 'x'"), std::string::npos);
  save_npz({}, file);
  EXPECT_TRUE(load_npz(file).empty());
  EXPECT_EQ(refusal([&] { (void)load_npy(file); }).argument, "file");
  EXPECT_NE(refusal([&] {
              (void)load_npz(tests::keras_data("upsample.keras"));
            }).what.find("member 'metadata.json': it is no .npy"),
            std::string::npos);
}

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

// Sizes in extra fields and a second end of the directory, as for what is beyond 4 GiB.
TEST_F(NumpyFiles, ArchivesWithWideSizes) {
  const OwnedTensor t(DType::f32, {3});
  const std::string file = folder_.file("a.npz"), wide_file = folder_.file("wide.npz");
  save_npz(std::vector<NamedView>{{"t", t.view()}}, file);
  const std::string narrow = bytes_of_file(file);
  const std::size_t directory = narrow.find("PK\1\2"), end = narrow.find("PK\5\6");
  ASSERT_EQ(end - directory, 46U + 5U);
  const std::string sizes = narrow.substr(directory + 20, 4), none(4, '\xff');
  const std::string eight = sizes + std::string(4, '\0');
  const auto archive = [&](const std::string& extra) {
    std::string entry = narrow.substr(directory, 51);
    entry.replace(20, 8, none + none).replace(42, 4, none).replace(30, 2, number(extra.size(), 2));
    entry += extra;
    std::string out = narrow.substr(0, directory) + entry;
    const std::size_t at = out.size();
    out += "PK\6\6" + number(44, 8) + number(0, 12) + number(1, 8) + number(1, 8) +
           number(entry.size(), 8) + number(directory, 8);
    out += "PK\6\7" + number(0, 4) + number(at, 8) + number(1, 4);
    return out + "PK\5\6" + number(0, 4) + number(0xffffffffffff, 6) + number(0xffffffffffff, 6) +
           number(0, 2);
  };
  const std::string other = number(0x5455, 2) + number(1, 2) + "x";  // of somebody else
  write_bytes(wide_file,
              archive(other + number(1, 2) + number(24, 2) + eight + eight + number(0, 8)));
  EXPECT_TRUE(tests::same_bits(named(load_npz(wide_file), "t"), t));
  write_bytes(wide_file, archive(number(1, 2) + number(16, 2) + eight + eight));
  EXPECT_NE(refusal([&] { (void)load_npz(wide_file); }).what.find("an extra field is too short"),
            std::string::npos);
  write_bytes(wide_file, archive(other));
  EXPECT_EQ(refusal([&] { (void)load_npz(wide_file); }).argument, "file");
}

}  // namespace
}  // namespace tconv::keras

#endif
