// Damaged files of weights: every truncation and flips of every byte give an error that names the
// file, or the weights that the bytes say; never a crash, and never a layer that is half changed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/keras_files.h"
#include "tests/support/sanitizer.h"

#ifndef TCONV_HAS_HDF5

TEST(KerasDamage, NeedsHdf5) {
  GTEST_SKIP() << "built without HDF5 (libhdf5-dev, option TCONV_HDF5) or zlib (zlib1g-dev)";
}

#else

#include "jit/part.h"
#include "runtime/frontends/keras_part/h5.h"
#include "runtime/frontends/keras_part/zip.h"

namespace tconv::keras {
namespace {

using frontends::FileReject;
using frontends::H5Dataset;
using frontends::ZipMember;
using tests::bytes_of_file;
using tests::keras_data;
using tests::same_bits;
using tests::up_arguments;
using tests::write_bytes;

bool is_full() { return std::getenv("TCONV_TEST_FULL") != nullptr; }

// Every `step`-th byte changed in ten ways, other bytes each time, and every `step`-th length.
template <class Try>
void each_damage(const std::string& whole, std::size_t step, const Try& attempt) {
  step *= tests::kFewer;
  for (int way = 0; way < 10; ++way)
    for (std::size_t at = static_cast<std::size_t>(way * 7) % step; at < whole.size(); at += step) {
      std::string damaged = whole;
      char& byte = damaged[at];
      if (way < 8)
        byte = static_cast<char>(byte ^ (1 << way));
      else if (way == 8)
        byte = static_cast<char>(byte == 0 ? 1 : 0);
      else
        byte = static_cast<char>(~byte);
      attempt(damaged);
      damaged.resize(at);
      if (way == 0) attempt(damaged);
    }
}

struct Counts {
  int refused = 0, loaded = 0;
};

class KerasDamage : public testing::Test {
 protected:
  void SetUp() override {
    before_.build({1, 5, 6, 4});
    layer_.build({1, 5, 6, 4});
    layer_.set_weights({before_.kernel(), before_.bias()});
  }
  // The layer stays or is changed as a whole, and the error names the file.
  void attempt(const std::string& bytes, const std::string& name, const char* from) {
    const std::string file = folder_.file(name);
    write_bytes(file, bytes);
    try {
      load_weights(layer_, file, from);
      ++counts_.loaded;
      layer_.set_weights({before_.kernel(), before_.bias()});
    } catch (const FrontError& e) {
      ++counts_.refused;
      ASSERT_NE(std::string(e.what()).find(file + ": "), std::string::npos) << e.what();
      ASSERT_TRUE(same_bits(layer_.kernel(), before_.kernel()));
      ASSERT_TRUE(same_bits(layer_.bias(), before_.bias()));
    }
  }
  test::TemporaryFolder folder_;
  Conv2DTranspose before_{up_arguments()}, layer_{up_arguments()};
  Counts counts_;
};

// What the part does with an HDF5 file in memory: all that is readable is read.
bool loads(const std::string& bytes) {
  try {
    std::vector<H5Dataset> readable;
    for (H5Dataset& each : frontends::h5_index(bytes).datasets)
      if (each.readable) readable.push_back(std::move(each));
    (void)frontends::h5_read(bytes, readable);
    return true;
  } catch (const FileReject&) {
    return false;
  }
}

TEST_F(KerasDamage, Hdf5ByteByByte) {
  for (const char* const name : {"upsample.weights.h5", "upsample.h5"}) {
    const std::string whole = bytes_of_file(keras_data(name));
    ASSERT_TRUE(loads(whole));
    Counts counts;
    each_damage(whole, is_full() ? 1 : 11, [&](const std::string& damaged) {
      ++(loads(damaged) ? counts.loaded : counts.refused);
    });
    EXPECT_GT(counts.refused, counts.loaded / 20) << name;  // most bytes are numbers and gaps
  }
}

TEST_F(KerasDamage, Hdf5InManyBytes) {
  std::mt19937 random(5);
  const std::string whole = bytes_of_file(keras_data("upsample.weights.h5"));
  std::vector<std::size_t> places;  // gaps are left alone
  for (std::size_t i = 0; i < whole.size(); ++i)
    if (whole[i] != 0) places.push_back(i);
  const int count = tests::fewer(is_full() ? 100000 : 10000);
  Counts counts;
  for (int i = 0; i < count; ++i) {
    std::string damaged = whole;
    for (int hits = 1 + static_cast<int>(random() % 4); hits > 0; --hits) {
      const std::size_t to = places[random() % places.size()], from = random() % whole.size(),
                        length = random() % 24;
      if (random() % 2 == 0)
        damaged[to] = static_cast<char>(random());
      else  // pieces of the file itself, addresses among them
        damaged.replace(to, std::min(length, whole.size() - to),
                        whole.substr(from, std::min(length, whole.size() - to)));
    }
    ++(loads(damaged) ? counts.loaded : counts.refused);
  }
  EXPECT_GT(counts.refused, count / 10);
}

TEST_F(KerasDamage, LayersStayWholeWhateverTheFile) {
  const struct {
    const char *file, *from;
    std::size_t step;
  } cases[] = {{"upsample.weights.h5", "up", 211},
               {"upsample.keras", "up", 223},
               {"upsample.npz", "up", 127}};
  for (const auto& each : cases) {
    counts_ = {};
    each_damage(bytes_of_file(keras_data(each.file)), is_full() ? 2 : each.step,
                [&](const std::string& damaged) { attempt(damaged, each.file, each.from); });
    EXPECT_GT(counts_.refused, tests::fewer(100)) << each.file;
  }
}

// In an archive every byte of a member is under its check sum, and most others are looked at.
TEST_F(KerasDamage, ArchivesAreUnderCheckSums) {
  const std::string whole = bytes_of_file(keras_data("upsample.npz"));
  const std::vector<NamedTensor> right = load_npz(keras_data("upsample.npz"));
  const std::string file = folder_.file("x.npz");
  each_damage(whole, is_full() ? 1 : 97, [&](const std::string& damaged) {
    write_bytes(file, damaged);
    try {
      for (const NamedTensor& each : load_npz(file))
        for (const NamedTensor& r : right)
          ASSERT_TRUE(r.name != each.name || same_bits(r.tensor, each.tensor)) << each.name;
    } catch (const FrontError&) {
    }
  });
}

// The archive is whole, the JSON in it is not.
TEST_F(KerasDamage, ConfigOfAModel) {
  const std::string whole = bytes_of_file(keras_data("upsample.keras"));
  const std::vector<ZipMember> members = frontends::zip_members(whole);
  const std::string config = unpacked(*frontends::find_member(members, "config.json"));
  const std::string file = folder_.file("x.keras");
  const auto loaded = [&](const std::string& text) {
    std::vector<ZipMember> changed = members;
    for (ZipMember& each : changed)
      if (each.name == "config.json") each = frontends::stored(each.name, text);
    write_bytes(file, frontends::zip_archive(changed));
    try {
      const ConvTransposeLayer layer = load_layer(file, "up");
      EXPECT_TRUE(layer.built());
      return std::string();
    } catch (const FrontError& e) {
      EXPECT_NE(std::string(e.what()).find(file + ": "), std::string::npos) << e.what();
      return std::string(e.what());
    }
  };
  EXPECT_EQ(loaded(config), "");
  each_damage(config, is_full() ? 1 : 41, [&](const std::string& text) { loaded(text); });

  using nlohmann::json;
  const auto with = [&](const char* pointer, const json& value) {
    json changed = json::parse(config);
    changed[json::json_pointer(std::string("/config/layers/1/") + pointer)] = value;
    return loaded(changed.dump());
  };
  const auto says = [](const std::string& text, const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  };
  says(with("config/filters", 7), "has shape [4, 4, 6, 4]; layer 'up' needs a kernel [4, 4, 7, 4]");
  says(with("config/filters", "six"), "layer 'up': its filters is \"six\"");
  says(with("config/kernel_size", json::array({4})), "kernel_size is [4]");
  says(with("config/strides", 0), "`strides`");
  says(with("config/activation", "no such"), "no such");
  says(with("config/use_bias", false), "it has a bias");
  says(with("build_config", {{"input_shape", {nullptr, 5, 6, 3}}}), "needs a kernel [4, 4, 6, 3]");
  says(with("build_config", {{"input_shape", {nullptr, 5, 6, nullptr}}}), "input_shape is null");
  says(with("class_name", "Conv3DTranspose"), "kernel_size is [4,4]");
  says(with("class_name", "Dense"), "no layer is called 'up'");
  says(loaded("{}"), "config.json has no model");
  says(loaded(std::string(100000, '[')), "config.json is damaged");
  std::string deep = R"({"config": {"layers": [)";
  for (int i = 0; i < 100; ++i) deep += R"({"class_name": "M", "config": {"layers": [)";
  for (int i = 0; i < 100; ++i) deep += "]}}";
  says(loaded(deep + "]}}"), "nested deeper than 64 levels");
}

TEST_F(KerasDamage, ForeignArchives) {
  const std::string whole = bytes_of_file(keras_data("upsample.keras")),
                    file = folder_.file("x.keras");
  const std::vector<ZipMember> members = frontends::zip_members(whole);
  const auto said = [&](const std::vector<ZipMember>& some) {
    write_bytes(file, frontends::zip_archive(some));
    return tests::refusal([&] { (void)load_layer(file, "up"); }).what;
  };
  const auto says = [](const std::string& text, const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  };
  ASSERT_EQ(members.size(), 3U);
  says(said({members[0], members[1]}), "it has no member 'model.weights.h5'");
  says(said({members[0], members[2]}), "it has no member 'config.json'");
  says(said({members[1], members[1], members[2]}), "member 'config.json' is there twice");
  ZipMember other = members[1];
  other.method = 12;
  says(said({other, members[2]}), "is packed by method 12");
  other = members[1];
  other.check ^= 1;
  says(said({other, members[2]}), "member 'config.json' does not have its check sum");
  other = members[2];
  other.size = 0xf0000000;  // a bomb: nothing of that size is asked for
  says(said({members[1], other}), "claims 4026531840 bytes in 13896");
  other.method = 8;
  says(said({members[1], other}), "claims 4026531840 bytes in 13896");
  says(said({members[1], frontends::stored("model.weights.h5", "nothing")}), "no HDF5 file");
}

TEST_F(KerasDamage, Hdf5ThatKerasDoesNotWrite) {
  const std::string whole = bytes_of_file(keras_data("upsample.weights.h5"));
  const auto said = [&](std::string bytes) {
    write_bytes(folder_.file("x.h5"), bytes);
    Conv2DTranspose layer(up_arguments());
    return tests::refusal([&] { load_weights(layer, folder_.file("x.h5"), "up"); }).what;
  };
  const auto says = [](const std::string& text, const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  };
  std::string changed = whole;
  changed[8] = 2;
  says(said(changed), "an HDF5 file of version 2; Keras and h5py write version 0");
  says(said(whole + "more"), "it has 14244 bytes and says 14240");
  says(said(whole.substr(0, 14000)), "it has 14000 bytes and says 14240");
  const std::size_t type = whole.find(std::string("\x11\x20\x1f\0\x04", 5));
  ASSERT_NE(type, std::string::npos);
  changed = whole;
  changed[type] = 0x10;  // an integer
  says(said(changed), "is of type an integer of 4 bytes; layer 'up' needs a kernel");
}

// One that was built without HDF5 lies beside the tests.
TEST_F(KerasDamage, APartWithoutHdf5SaysWhatItTakes) {
  const auto answer = *static_cast<const frontends::KerasPartFunction*>(
      jit::open_part("keras", {TCONV_BINARY_DIR "/tests/without_hdf5"}));
  frontends::FileRequest request;
  for (const char* const name : {"upsample.weights.h5", "upsample.keras"}) {
    request.task = frontends::FileRequest::Task::read_weights;
    request.file = keras_data(name);
    request.layer = "up";
    request.needs = {"up", {4, 4, 6, 4}, true};
    EXPECT_NE(answer(request).error.find(
                  "built without it (package libhdf5-dev, CMake option TCONV_HDF5)"),
              std::string::npos)
        << answer(request).error;
  }
  request.file = keras_data("upsample.npz");
  const frontends::FileReply reply = answer(request);
  EXPECT_EQ(reply.error, "");
  ASSERT_EQ(reply.tensors.size(), 2U);
  EXPECT_EQ(reply.tensors[0].shape, (std::vector<std::int64_t>{4, 4, 6, 4}));
}

}  // namespace
}  // namespace tconv::keras

#endif
