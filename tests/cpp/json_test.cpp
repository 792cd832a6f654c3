#include "tfjs/json_value.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "core/error.h"

namespace teachable {
namespace {

Json parse(const std::string& text) { return parse_json(std::as_bytes(std::span(text)), "text"); }

bool is_json(const std::string& text) {
  try {
    parse(text);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::BadModel);
    return false;
  }
}

TEST(Json, ReadsEveryKindOfValue) {
  const std::string text =
      R"( {"a": [1, -2.5e2, true, false, null, "x"], "b\u0041": {}, "a": "last"} )";
  const Json root = parse(text);
  ASSERT_TRUE(root.is_object());
  EXPECT_EQ(root.size(), 3u);
  EXPECT_EQ(root.find("a")->get<std::string>(), "last");
  EXPECT_TRUE(root.find("bA")->is_object());
  EXPECT_EQ(root.find("b"), nullptr);
  const Json& list = root[0];
  EXPECT_EQ(list.key(), "a");
  ASSERT_EQ(list.size(), 6u);
  EXPECT_EQ(list[0].integer(), 1);
  EXPECT_EQ(list[1].get<double>(), -250.0);
  EXPECT_EQ(list[1].integer(), -250);
  EXPECT_TRUE(list[2].get<bool>());
  EXPECT_FALSE(list[3].get<bool>());
  EXPECT_TRUE(list[4].is_null());
  EXPECT_EQ(list[5].source(), "\"x\"");
}

TEST(Json, DecodesEscapesToUtf8) {
  const std::string text = R"("\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00é")";
  EXPECT_EQ(parse(text).get<std::string>(), "\"\\/\b\f\n\r\t\u00e9\u20ac\U0001F600\u00e9");
}

TEST(Json, RecognizesIntegers) {
  const auto integer_of = [](const std::string& text) { return parse(text).integer(); };
  EXPECT_EQ(integer_of("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer_of("9223372036854775808"), std::nullopt);
  EXPECT_EQ(integer_of("-0"), 0);
  EXPECT_EQ(integer_of("1e3"), 1000);
  EXPECT_EQ(integer_of("1.5"), std::nullopt);
  EXPECT_EQ(integer_of("1e300"), std::nullopt);
  EXPECT_EQ(integer_of("\"1\""), std::nullopt);
}

TEST(Json, ReadsNumbersAsTheNearestDoubles) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 5000; ++i) {
    char text[40];
    const int digits = 1 + static_cast<int>(random() % 17);
    const double mantissa = static_cast<double>(random() >> 11) * 0x1p-53;
    const double value = std::ldexp(mantissa, static_cast<int>(random() % 160) - 80);
    std::snprintf(text, sizeof text, "%.*e", digits - 1, value);
    const double expected = std::strtod(text, nullptr);
    const double got = parse(text).get<double>();
    const bool is_short = digits <= 15 && std::fabs(value) < 1e22 && std::fabs(value) > 1e-7;
    if (is_short) {
      EXPECT_EQ(got, expected) << text;
    } else {
      EXPECT_NEAR(got, expected, 4 * std::numeric_limits<double>::epsilon() * std::fabs(expected))
          << text;
    }
    EXPECT_EQ(static_cast<float>(parse(std::to_string(i)).get<double>()), static_cast<float>(i));
  }
  for (const char* text : {"1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "0.1",
                           "1e22", "123456789012345678901234567890"}) {
    const double expected = std::strtod(text, nullptr);
    EXPECT_NEAR(parse(text).get<double>(), expected,
                8 * std::numeric_limits<double>::epsilon() * expected)
        << text;
  }
  EXPECT_FALSE(is_json("1e309"));
  EXPECT_EQ(parse("0e999999999999999999999").get<double>(), 0.0);
  EXPECT_EQ(parse("1e-999999999999999999999").get<double>(), 0.0);
}

TEST(Json, AcceptsTheSameTextsAsAnotherParser) {
  const std::string seeds[] = {
      R"({"a":[1,2.5e-3,-0.0,true,false,null],"\u00e9\n":"\ud83d\ude00 \\ \/","o":{"x":{}}})",
      "[\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\", 1E+2 , [ ] ]",
      "-12.5e+3",
      "\"\\uD800\"",
      "\"\xED\xA0\x80\"",
      "\"\xF8\x88\x80\x80\x80\"",
      "\"\xC0\x80\"",
      "01",
      "1.",
      ".5",
      "+1",
      "[1,]",
      "{\"a\":1,}",
      "nul",
      "",
      " ",
      "\"\t\"",
      "1 2"};
  std::mt19937 random(11);
  const std::string likely = "{}[]\",:\\ue0123456789.+-tfn \n\xC3\xA9\xED";
  for (const std::string& seed : seeds) {
    for (int round = 0; round < 400; ++round) {
      std::string text = seed;
      for (int change = 0; change < round % 4 && !text.empty(); ++change) {
        const size_t at = random() % text.size();
        switch (random() % 3) {
          case 0:
            text[at] = likely[random() % likely.size()];
            break;
          case 1:
            text.erase(at, 1);
            break;
          default:
            text.insert(at, 1, likely[random() % likely.size()]);
        }
      }
      EXPECT_EQ(is_json(text), nlohmann::json::accept(text)) << text;
    }
  }
}

}  // namespace
}  // namespace teachable
