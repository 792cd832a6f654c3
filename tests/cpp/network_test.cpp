// Compares small networks with the naive reference, and runs real networks on real photos.
#include "net/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/error.h"
#include "data.h"
#include "graph_builder.h"
#include "image/decode.h"
#include "image/preprocess.h"
#include "model/reader.h"
#include "reference.h"
#include "tflite_writer.h"

namespace teachable::testing {
namespace {

double cosine(std::span<const float> a, const std::vector<double>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += a[i] * b[i];
    aa += double{a[i]} * a[i];
    bb += b[i] * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

struct Kind {
  Precision precision;
  PrecisionChoice choice = PrecisionChoice::Auto;
  int version = 2;
};

std::string to_name(const ::testing::TestParamInfo<Kind>& info) {
  std::string name = std::string(to_string(info.param.precision)) + "_" +
                     to_string(info.param.choice) + "_v" + std::to_string(info.param.version);
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::vector<Kind> all_kinds() {
  using enum PrecisionChoice;
  std::vector<Kind> kinds;
  for (int version : {2, 3}) {
    for (Precision precision :
         {Precision::F32, Precision::I8PerTensor, Precision::I8PerChannel, Precision::U8}) {
      for (PrecisionChoice choice : {Auto, F32, Int8, Exact}) {
        const bool possible = precision != Precision::F32 || choice != Int8;
        if (possible) kinds.push_back({precision, choice, version});
      }
    }
  }
  return kinds;
}

class SmallNetwork : public ::testing::TestWithParam<Kind> {};

/// Writes real values, rounded to the quantization of the written graph's input.
void write_input(Network& network, const Graph& written, const std::vector<double>& input) {
  const Tensor& in = written.tensors[written.input];
  for (size_t i = 0; i < input.size(); ++i) {
    const double real = round_to_quantization(in, input[i]);
    if (network.input_type() == DataType::F32) {
      network.input_f32()[i] = static_cast<float>(real);
      continue;
    }
    const int q =
        static_cast<int>(std::lround(real / network.input_scale())) + network.input_zero_point();
    if (network.input_type() == DataType::U8) network.input_u8()[i] = static_cast<uint8_t>(q);
    if (network.input_type() == DataType::I8) network.input_i8()[i] = static_cast<int8_t>(q);
  }
}

TEST_P(SmallNetwork, ComputesTheSameAsTheReference) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder builder(GetParam().precision, seed);
  const bool is_v3 = GetParam().version == 3;
  const TensorId output =
      is_v3 ? builder.small_mobilenet_v3(20, 7) : builder.small_mobilenet(20, 7);
  const std::vector<double> input = builder.input_values();
  const Graph written = builder.take(output);
  Reference reference(written);
  reference.run(input);

  Network network(read_model(write_tflite(written), GetParam().choice).graph, nullptr);
  write_input(network, written, input);
  network.run_backbone();
  network.run_head();

  // The embedding is the input of the last convolution.
  const auto wanted_embedding = [&] {
    std::vector<double> last;
    for (const Node& node : written.nodes) {
      if (const auto* conv = std::get_if<Conv2d>(&node.op)) last = reference[conv->input];
    }
    return last;
  }();
  ASSERT_EQ(network.embedding_size(), wanted_embedding.size());
  EXPECT_GT(cosine(network.embedding(), wanted_embedding),
            GetParam().precision == Precision::F32 ? 0.999999 : 0.995);
}

TEST_P(SmallNetwork, DoesNotNeedTheFileAfterConstruction) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder builder(GetParam().precision, seed);
  const TensorId output =
      GetParam().version == 3 ? builder.small_mobilenet_v3(20, 7) : builder.small_mobilenet(20, 7);
  const std::vector<double> input = builder.input_values();
  const Graph written = builder.take(output);
  const std::vector<std::byte> bytes = write_tflite(written);
  Network with_copies(read_model(bytes, GetParam().choice).graph, nullptr);
  PaddedBuffer<std::byte> file(bytes.size());
  std::ranges::copy(bytes, file.begin());
  Network network(read_model(file.span(), GetParam().choice, ConstantStorage::Borrowed).graph,
                  nullptr);
  std::ranges::fill(file, std::byte{0x5a});
  for (Network* each : {&with_copies, &network}) {
    write_input(*each, written, input);
    each->run_backbone();
    each->run_head();
  }
  EXPECT_TRUE(std::ranges::equal(network.embedding(), with_copies.embedding()));
  EXPECT_TRUE(std::ranges::equal(network.logits(), with_copies.logits()));
}

INSTANTIATE_TEST_SUITE_P(Precisions, SmallNetwork, ::testing::ValuesIn(all_kinds()), to_name);

/// Returns the mean over the pixels of a map [1, height, width, channels].
std::vector<double> mean_of_pixels(const std::vector<double>& map, size_t channels) {
  std::vector<double> means(channels);
  for (size_t i = 0; i < map.size(); ++i) means[i % channels] += map[i];
  for (double& mean : means) mean /= static_cast<double>(map.size() / channels);
  return means;
}

double length_of(std::span<const float> values) {
  double squares = 0;
  for (float value : values) squares += double{value} * value;
  return std::sqrt(squares);
}

/// A network, and the map that its last halving layer reads.
struct TwoLayers {
  TensorId output, middle;
};

class TwoLayerNetwork : public ::testing::TestWithParam<Kind> {
 protected:
  static TwoLayers build(GraphBuilder& builder) {
    const TensorId output = GetParam().version == 1 ? builder.small_mobilenet_v1(20, 7)
                                                    : builder.small_mobilenet_v3_large(20, 7);
    TensorId middle = kNoTensor;
    for (const Node& node : builder.graph().nodes) {
      const auto* layer = std::get_if<DepthwiseConv2d>(&node.op);
      if (layer != nullptr && layer->stride.width == 2) middle = layer->input;
    }
    return {output, middle};
  }
};

TEST_P(TwoLayerNetwork, GivesBothLayersOfTheReferenceWithOneRun) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder builder(GetParam().precision, seed);
  const auto [output, middle] = build(builder);
  const std::vector<double> input = builder.input_values();
  const Graph written = builder.take(output);
  Reference reference(written);
  reference.run(input);
  const auto channels = static_cast<size_t>(written.tensors[middle].shape.channels());
  const std::vector<double> wanted = mean_of_pixels(reference[middle], channels);

  const std::vector<std::byte> file = write_tflite(written);
  Network one(read_model(file, GetParam().choice).graph, nullptr);
  Network two(read_model(file, GetParam().choice).graph, nullptr, EmbeddingLayers::Two);
  for (Network* network : {&one, &two}) {
    write_input(*network, written, input);
    network->run_backbone();
    network->run_head();
  }
  EXPECT_EQ(one.layers(), EmbeddingLayers::Last);
  EXPECT_EQ(two.layers(), EmbeddingLayers::Two);
  const size_t last = one.embedding_size();
  ASSERT_EQ(two.last_layer_size(), last);
  ASSERT_EQ(two.embedding_size(), last + channels);
  EXPECT_EQ(one.middle_layer_size(), channels);
  EXPECT_EQ(two.middle_layer_size(), channels);

  const std::span<const float> first = two.embedding().first(last);
  const std::span<const float> second = two.embedding().subspan(last);
  EXPECT_NEAR(length_of(first), 1, 1e-5);
  EXPECT_NEAR(length_of(second), 1, 1e-5);
  const double length = length_of(one.embedding());
  for (size_t i = 0; i < last; ++i) EXPECT_NEAR(first[i], one.embedding()[i] / length, 1e-6);
  EXPECT_GT(cosine(second, wanted), GetParam().precision == Precision::F32 ? 0.999999 : 0.995);
  EXPECT_TRUE(std::ranges::equal(two.logits(), one.logits()));
}

TEST_P(TwoLayerNetwork, GivesTheSameWithAnotherThreadPool) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE("TEACHABLE_SEED=" + std::to_string(seed));
  GraphBuilder builder(GetParam().precision, seed);
  const TensorId output = build(builder).output;
  const std::vector<double> input = builder.input_values();
  const Graph written = builder.take(output);
  const Threadpool pool = make_threadpool(2);
  Network network(read_model(write_tflite(written), GetParam().choice).graph, nullptr,
                  EmbeddingLayers::Auto);
  write_input(network, written, input);
  network.run_backbone();
  const std::vector<float> before(network.embedding().begin(), network.embedding().end());
  network.use_threadpool(pool.get());
  network.run_backbone();
  network.use_threadpool(nullptr);
  EXPECT_TRUE(std::ranges::equal(network.embedding(), before));
}

std::vector<Kind> kinds_with_a_middle() {
  std::vector<Kind> kinds = all_kinds();
  for (Kind& kind : kinds) kind.version = kind.version == 2 ? 1 : 3;
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(Precisions, TwoLayerNetwork, ::testing::ValuesIn(kinds_with_a_middle()),
                         to_name);

TEST(Network, SaysThatAModelHasNoMiddleLayer) {
  GraphBuilder builder(Precision::F32, 3);
  const TensorId output = builder.small_mobilenet(16, 5);
  const std::vector<std::byte> file = write_tflite(builder.take(output));
  const Network network(read_model(file).graph, nullptr, EmbeddingLayers::Auto);
  EXPECT_EQ(network.layers(), EmbeddingLayers::Last);
  EXPECT_EQ(network.middle_layer_size(), 0u);
  try {
    const Network two(read_model(file).graph, nullptr, EmbeddingLayers::Two);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::UnsupportedOp);
    EXPECT_NE(std::string(error.what()).find("`layers: 'last'`"), std::string::npos);
  }
}

TEST(Network, RunningAMissingHeadIsAClearError) {
  GraphBuilder b(Precision::F32, 3);
  const TensorId conv = b.conv(b.input(4, 4, 3), 8, {}, Activation::relu6());
  const TensorId pooled = b.global_average_pool(conv, false);
  Network network(read_model(write_tflite(b.take(pooled))).graph, nullptr);
  EXPECT_FALSE(network.has_head());
  EXPECT_EQ(network.class_count(), 0u);
  network.run_backbone();
  try {
    network.run_head();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadArgument);
  }
  EXPECT_THROW(network.input_u8(), Error);
}

struct Photo {
  const char* file;
  std::vector<std::string> names;  ///< any of these answers is right
};

Image read_photo(const std::string& photo) {
  const std::vector<std::byte> bytes = read_data(photo);
  return decode_image({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

/// Similarities of quantized networks were measured with the rule HalfPixel, on these very pixels.
void run(Network& network, const Image& image, ResizeRule rule = ResizeRule::HalfPixel) {
  Preprocessor preprocessor;
  Preprocess how{.resize = rule};
  how.range_low = network.input_range()->low;
  how.range_high = network.input_range()->high;
  if (network.input_type() == DataType::F32) {
    preprocessor.run(image.view(), how, network.input_width(), network.input_height(),
                     network.input_f32());
  } else if (network.input_type() == DataType::U8) {
    preprocessor.run(image.view(), how, network.input_width(), network.input_height(),
                     network.input_scale(), network.input_zero_point(), network.input_u8());
  } else {
    preprocessor.run(image.view(), how, network.input_width(), network.input_height(),
                     network.input_scale(), network.input_zero_point(), network.input_i8());
  }
  network.run_backbone();
  network.run_head();
}

void run(Network& network, const std::string& photo) { run(network, read_photo(photo)); }

TEST(Network, FindsTheMiddleLayerOfRealFiles) {
  constexpr size_t kChannels[] = {128, 256, 384, 576, 576};
  for (size_t i = 0; i < std::size(kModels); ++i) {
    READ_DATA_OR_SKIP(file, kModels[i]);
    EXPECT_EQ(Network(read_model(file).graph, nullptr).middle_layer_size(), kChannels[i])
        << kModels[i];
  }
}

class RealNetwork : public ::testing::TestWithParam<const char*> {};

TEST_P(RealNetwork, RecognizesTheObjectsOnPhotos) {
  READ_DATA_OR_SKIP(file, GetParam());
  std::ifstream label_file(data_folder() / "models/imagenet_labels.txt");
  std::vector<std::string> labels;
  for (std::string line; std::getline(label_file, line);) labels.push_back(line);
  ASSERT_EQ(labels.size(), 1001u);

  Network network(read_model(file).graph, nullptr);
  for (const Photo& photo :
       {Photo{"images/cat.bmp", {"Egyptian cat", "tabby"}},
        Photo{"images/dragonfly.bmp", {"dragonfly"}}, Photo{"images/hot_dog.jpg", {"hotdog"}},
        Photo{"images/grace_hopper.bmp", {"military uniform"}},
        // All networks recognize the mug or its contents.
        Photo{"images/coffee.jpg", {"espresso", "coffee mug", "cup"}}}) {
    run(network, read_photo(photo.file), ResizeRule::Area);
    const auto top = std::ranges::max_element(network.logits()) - network.logits().begin();
    const std::string& label = labels[static_cast<size_t>(top)];
    EXPECT_TRUE(std::ranges::any_of(
        photo.names,
        [&](const std::string& name) { return label.find(name) != std::string::npos; }))
        << photo.file << " is classified as " << label;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, RealNetwork,
                         ::testing::Values("models/mobilenet_v2_1.0_224_quant.tflite",
                                           "models/tf2_mobilenet_v2_1.0_224_ptq.tflite"));

const char* const kPhotos[] = {"images/bird.bmp",
                               "images/cat.bmp",
                               "images/coffee.jpg",
                               "images/dragonfly.bmp",
                               "images/grace_hopper.bmp",
                               "images/hot_dog.jpg",
                               "images/owl.jpg",
                               "images/pets.jpg",
                               "imprinting/cat_test_0.bmp",
                               "imprinting/dog_test_0.bmp",
                               "imprinting/hotdog_test_0.bmp"};

size_t top_class(const Network& network) {
  return static_cast<size_t>(std::ranges::max_element(network.logits()) - network.logits().begin());
}

std::vector<double> embedding_of(const Network& network) {
  return {network.embedding().begin(), network.embedding().end()};
}

class Uint8Network : public ::testing::TestWithParam<const char*> {};

TEST_P(Uint8Network, AgreesInInt8AndFloat32) {
  READ_DATA_OR_SKIP(file, GetParam());
  Network exact(read_model(file, PrecisionChoice::Exact).graph, nullptr);
  Network fast(read_model(file, PrecisionChoice::Int8).graph, nullptr);
  Network floats(read_model(file, PrecisionChoice::F32).graph, nullptr);
  EXPECT_EQ(exact.input_type(), DataType::U8);
  EXPECT_EQ(fast.input_type(), DataType::I8);
  EXPECT_EQ(floats.input_type(), DataType::F32);
  double worst_fast = 1, sum_fast = 0, sum_exact = 0;
  for (const char* photo : kPhotos) {
    for (Network* network : {&exact, &fast, &floats}) run(*network, photo);
    const std::vector<double> truth = embedding_of(floats);
    sum_exact += cosine(exact.embedding(), truth);
    sum_fast += cosine(fast.embedding(), truth);
    worst_fast = std::min(worst_fast, cosine(fast.embedding(), truth));
    EXPECT_GT(cosine(fast.embedding(), truth), cosine(exact.embedding(), truth) - 0.003) << photo;
    // Quantized logits can be equal, so another class with the same logit is the same answer.
    EXPECT_EQ(exact.logits()[top_class(fast)], exact.logits()[top_class(exact)]) << photo;
  }
  // `npm run bench -- --only=rewrite` prints these values.
  EXPECT_GT(sum_fast, sum_exact - 0.003 * std::size(kPhotos));
  EXPECT_GT(worst_fast, 0.99);
}

INSTANTIATE_TEST_SUITE_P(Files, Uint8Network, ::testing::ValuesIn(kModels, kModels + 4));

/// Returns a part of a picture, mirrored and with scaled brightness, as another photo of the same
/// object.
Image another_view(const Image& whole, int left, int top, int width, int height,
                   double brightness) {
  Image part = make_image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const size_t from =
          4 * (size_t(top + y) * size_t(whole.width) + size_t(left + width - 1 - x));
      const size_t to = 4 * (size_t(y) * size_t(width) + size_t(x));
      for (size_t c = 0; c < 4; ++c) {
        const double value = c == 3 ? 255.0 : std::min(255.0, brightness * whole.pixels[from + c]);
        part.pixels[to + c] = static_cast<uint8_t>(value);
      }
    }
  }
  return part;
}

// The rounding of the rewrite was chosen with the photos above. This test uses other pictures.
TEST(Uint8Rewrite, IsAsAccurateOnOtherPictures) {
  READ_DATA_OR_SKIP(file, "models/mobilenet_v2_1.0_224_quant.tflite");
  Network exact(read_model(file, PrecisionChoice::Exact).graph, nullptr);
  Network fast(read_model(file, PrecisionChoice::Int8).graph, nullptr);
  Network floats(read_model(file, PrecisionChoice::F32).graph, nullptr);
  std::vector<Image> pictures;
  for (const char* photo : {"imprinting/cat_train_0.bmp", "imprinting/dog_train_0.bmp",
                            "imprinting/hotdog_train_0.bmp", "imprinting/hotdog_train_1.bmp"}) {
    pictures.push_back(read_photo(photo));
  }
  for (const char* photo : kPhotos) {
    const Image whole = read_photo(photo);
    const int w = whole.width, h = whole.height;
    pictures.push_back(another_view(whole, 0, 0, w * 3 / 4, h * 3 / 4, 1.3));
    pictures.push_back(another_view(whole, w / 3, h / 3, w / 2, h / 2, 0.6));
  }
  double worst_fast = 1, sum_fast = 0, sum_exact = 0;
  for (const Image& picture : pictures) {
    for (Network* network : {&exact, &fast, &floats}) run(*network, picture);
    const std::vector<double> truth = embedding_of(floats);
    sum_exact += cosine(exact.embedding(), truth);
    sum_fast += cosine(fast.embedding(), truth);
    worst_fast = std::min(worst_fast, cosine(fast.embedding(), truth));
  }
  const double count = static_cast<double>(pictures.size());
  EXPECT_GT(sum_fast, sum_exact - 0.003 * count);
  EXPECT_GT(worst_fast, 0.99);
}

TEST(RealNetworks, EveryFileGivesTheSameOnOneAndOnTwoThreads) {
  for (const char* name : kModels) {
    READ_DATA_OR_SKIP(file, name);
    Network one(read_model(file).graph, nullptr);
    const Threadpool pool = make_threadpool(2);
    Network two(read_model(file).graph, pool.get());
    run(one, "images/cat.bmp");
    run(two, "images/cat.bmp");
    EXPECT_TRUE(std::ranges::equal(one.embedding(), two.embedding())) << name;
    EXPECT_TRUE(std::ranges::equal(one.logits(), two.logits())) << name;
    EXPECT_GT(one.backbone_multiply_adds(), 10'000'000u);
  }
}

}  // namespace
}  // namespace teachable::testing
