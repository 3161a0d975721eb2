//===- Options.cpp - the options of a training program --------------------===//

#include "train/Options.h"

#include "comm/Launch.h"
#include "core/Console.h"
#include "train/OptionValues.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace llmc::runtime {
namespace {

const std::map<std::string, ScheduleKind> scheduleNames = {
    {"cosine", ScheduleKind::Cosine},
    {"linear", ScheduleKind::Linear},
    {"constant", ScheduleKind::Constant},
    {"wsd", ScheduleKind::WarmupStableDecay}};

/// Values that need a word of their own on the command line.
struct RawOptions {
  std::string schedule = "cosine";
  std::string progress = "auto";
  std::vector<double> betas = {0.9, 0.95};
  int64_t warmup = -1;
};

void addRunOptions(CLI::App &app, const LlmcProgram &program, Options &o,
                   RawOptions &raw) {
  const double unbounded = HUGE_VAL;
  const char *files = "Files";
  app.add_option("--data", o.data,
                 "directory of token shards (*.bin); names with \"val\" are "
                 "held out, else the last 5% of the windows")
      ->option_text("DIR")
      ->check(anyName("a directory"))
      ->group(files);
  app.add_option("--out", o.out,
                 "directory of checkpoints, metrics.jsonl and the loss curve")
      ->option_text("DIR [out]")
      ->check(anyName("a directory"))
      ->group(files);
  app.add_flag("--resume", o.resume,
               "go on from the newest valid checkpoint in --out")
      ->group(files);
  app.add_option("--init-from", o.initFrom,
                 "first weights: a .safetensors file, a directory of them, "
                 "such as transformers' save_pretrained writes, a checkpoint, "
                 "or another run's --out")
      ->option_text("PATH")
      ->check(anyName("a path"))
      ->group(files);
  app.add_option("--dump-gradients", o.dumpGradients,
                 "write the gradients of the first step, summed over its "
                 "micro-steps and not clipped, as safetensors")
      ->option_text("FILE")
      ->check(anyName("a file"))
      ->group(files);

  app.add_option("--dump-logits", o.dumpLogits,
                 "with --sample and without --data: write the logits at every "
                 "token of the prompt, [tokens, vocabulary], as safetensors")
      ->option_text("FILE")
      ->check(anyName("a file"))
      ->group(files);

  const char *run = "Run";
  app.add_option("--steps", o.steps, "optimizer steps of the whole run")
      ->option_text("N [1000]")
      ->check(wholeNumber("a number of steps", 1))
      ->group(run);
  app.add_option("--accumulate", o.accumulate,
                 "micro-batches whose gradients are averaged in a step")
      ->option_text("N [1]")
      ->check(wholeNumber("a number of micro-batches", 1, 1000000))
      ->group(run);
  app.add_option("--seed", o.seed,
                 "seed of the first weights, the order of the data and samples")
      ->option_text(fmt::format("N [{}]", defaultSeed))
      ->check(wholeNumber("a seed", 0))
      ->group(run);
  app.add_option("--threads", o.threads,
                 "threads; results do not depend on it [all processors]")
      ->option_text("N")
      ->check(wholeNumber("a number of threads", 1, 1024))
      ->group(run);
  if (program.ranks > 1) {
    app.add_option("--comm-timeout", o.commTimeout,
                   "how long a rank waits for the others, at the start and at "
                   "each step; longer than it takes to write a checkpoint")
        ->option_text("SECONDS [600]")
        ->check(wholeNumber("a number of seconds", 1, 1000000))
        ->group(run);
    app.add_option("--ranks-here", o.ranksHere,
                   "under mpirun or srun: ranks that this process runs, a "
                   "thread each [an equal share of the program's]")
        ->option_text("N")
        ->check(wholeNumber("a number of ranks", 1, program.ranks))
        ->group(run);
  }
  if (program.deviceKind == LlmcDeviceCuda)
    app.add_option("--device", o.device,
                   "GPU to train on, as the driver numbers them [the one that "
                   "LLMC_DEVICE names, else 0]")
        ->option_text("N")
        ->check(wholeNumber("the number of a GPU", 0, 1023))
        ->group(run);

  const char *optimizer = "Optimizer (AdamW)";
  app.add_option("--lr", o.schedule.rate, "highest learning rate")
      ->option_text("X [3e-4]")
      ->check(number("a learning rate", 0, unbounded))
      ->group(optimizer);
  app.add_option("--min-lr", o.schedule.minFraction,
                 "lowest learning rate, as a part of --lr (0 to 1)")
      ->option_text("X [0.1]")
      ->check(number("a part of --lr", 0, 1))
      ->group(optimizer);
  app.add_option("--warmup", raw.warmup,
                 "steps over which the rate rises to --lr [5% of --steps]")
      ->option_text("N")
      ->check(wholeNumber("a number of steps", 0))
      ->group(optimizer);
  app.add_option("--schedule", raw.schedule,
                 "course of the rate after warmup: cosine, linear, constant, "
                 "or wsd (constant, then down over the last fifth)")
      ->option_text("NAME [cosine]")
      ->check(oneOf("a schedule", {"cosine", "linear", "constant", "wsd"}))
      ->group(optimizer);
  app.add_option("--weight-decay", o.weightDecay,
                 "decoupled decay of matrices, per unit of learning rate")
      ->option_text("X [0.1]")
      ->check(number("a weight decay", 0, unbounded))
      ->group(optimizer);
  app.add_option("--betas", raw.betas,
                 "decay of the two moment estimates per step (0 to below 1)")
      ->option_text("B1,B2 [0.9,0.95]")
      ->delimiter(',')
      ->expected(2)
      ->check(number("a beta", 0, 1 - 1e-9))
      ->group(optimizer);
  app.add_option("--epsilon", o.epsilon,
                 "added to the root of the second moment")
      ->option_text("X [1e-8]")
      ->check(number("an epsilon", 0, unbounded, /*open=*/true))
      ->group(optimizer);
  app.add_option("--clip", o.clip, "largest global gradient norm; 0: no limit")
      ->option_text("X [1]")
      ->check(number("a gradient norm", 0, unbounded))
      ->group(optimizer);
}

void addReportOptions(CLI::App &app, Options &o, RawOptions &raw) {
  const char *way = "On the way (0 means never)";
  app.add_option("--log-every", o.logEvery, "steps between printed step lines")
      ->option_text("N [1]")
      ->check(wholeNumber("a number of steps", 0))
      ->group(way);
  app.add_option("--eval-every", o.evalEvery,
                 "steps between evaluations on the held-out split; one more "
                 "follows the last step")
      ->option_text("N [250]")
      ->check(wholeNumber("a number of steps", 0))
      ->group(way);
  app.add_option("--eval-batches", o.evalBatches,
                 "micro-batches of an evaluation, spread over the split; 0: "
                 "the whole split")
      ->option_text("N [20]")
      ->check(wholeNumber("a number of micro-batches", 0))
      ->group(way);
  app.add_option("--save-every", o.saveEvery,
                 "steps between checkpoints; one more follows the last step")
      ->option_text("N [500]")
      ->check(wholeNumber("a number of steps", 0))
      ->group(way);
  app.add_option("--keep", o.keep, "newest checkpoints to keep; 0: all")
      ->option_text("N [3]")
      ->check(wholeNumber("a number of checkpoints", 0))
      ->group(way);
  app.add_option("--sample-every", o.sampleEvery,
                 "steps between printed samples")
      ->option_text("N [0]")
      ->check(wholeNumber("a number of steps", 0))
      ->group(way);

  const char *generation = "Generation";
  app.add_option("--sample", o.sample,
                 "without --data: print this prompt and how the newest "
                 "checkpoint in --out goes on; with --data: the prompt of "
                 "samples on the way and at the end")
      ->option_text("PROMPT")
      ->group(generation);
  app.add_option("--sample-tokens", o.sampleTokens, "tokens to generate")
      ->option_text("N [200]")
      ->check(wholeNumber("a number of tokens", 0))
      ->group(generation);
  app.add_option("--temperature", o.temperature,
                 "divides the logits; 0 takes the likeliest token")
      ->option_text("X [0.8]")
      ->check(number("a temperature", 0, HUGE_VAL))
      ->group(generation);
  app.add_option("--top-k", o.topK, "choose among the K likeliest; 0: all")
      ->option_text("K [0]")
      ->check(wholeNumber("a number of tokens", 0))
      ->group(generation);
  app.add_option("--top-p", o.topP,
                 "choose among the likeliest that together have probability P "
                 "(above 0, at most 1)")
      ->option_text("P [1]")
      ->check(number("a probability", 0, 1, /*open=*/true))
      ->group(generation);

  const char *output = "Output";
  app.add_flag(
         "--profile", o.profile,
         "time every kernel; print calls, ms, FLOP, bytes, and the shares "
         "of the device's peak and bandwidth")
      ->group(output);
  app.add_flag("--ceilings", o.ceilings,
               "print the device's peak and bandwidth, which those shares are "
               "of, and stop")
      ->group(output);
  app.add_option(
         "--progress", raw.progress,
         "progress bar: auto (on a terminal, without a launcher), on or off")
      ->option_text("WHEN [auto]")
      ->check(oneOf("when to show the bar", {"auto", "on", "off"}))
      ->group(output);
  app.add_flag("--quiet", o.quiet,
               "print errors, warnings, samples and profiles only")
      ->group(output);
}

/// How many letters must be put in, left out or changed to make b of a.
size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t changed = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string unknownArgument(const CLI::App &app) {
  std::string argument = app.remaining().front();
  argument = argument.substr(0, argument.find('='));
  std::string nearest;
  size_t least = 3; // more is another word
  for (const CLI::Option *option : app.get_options()) {
    std::string name = option->get_name();
    if (size_t distance = editDistance(argument, name); distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return fmt::format("unknown argument '{}'{}", argument,
                     nearest.empty() ? nearest
                                     : ", did you mean '" + nearest + "'?");
}

/// The library's words for a wrong number of values, "--x: At Most 1 required
/// but received 2", in ours.
std::string wrongCount(const std::string &text) {
  std::string name = text.substr(0, text.find(':'));
  if (text.find("At Most") != std::string::npos)
    return name + " is given more than once";
  if (text.find("At least") != std::string::npos)
    return name + ": expected more values, separated by commas";
  return name + ": expected a value after it";
}

/// Moves the raw values to their places and checks how options go together.
Status finish(Options &o, const RawOptions &raw) {
  o.schedule.kind = scheduleNames.at(raw.schedule);
  o.schedule.steps = o.steps;
  o.schedule.warmup = raw.warmup >= 0 ? raw.warmup : o.steps / 20;
  o.beta1 = raw.betas[0];
  o.beta2 = raw.betas[1];
  // A launcher gives ranks a terminal of their own, whoever reads it.
  o.progress = raw.progress == "on" ||
               (raw.progress == "auto" && !readLaunch() && stdoutIsTerminal());
  if (o.data.empty() && !o.sample && !o.ceilings)
    return Status::error("nothing to do: give --data DIR to train, or --sample "
                         "PROMPT to generate from a trained model");
  if (o.data.empty() && o.resume)
    return Status::error("--resume needs --data DIR, the token shards to go on "
                         "with");
  if (o.resume && !o.initFrom.empty())
    return Status::error("--resume and --init-from exclude each other: the "
                         "first takes the weights from --out; give one");
  if (o.resume && !o.dumpGradients.empty())
    return Status::error("--dump-gradients is for the first step and cannot go "
                         "with --resume; give one");
  if (!o.dumpLogits.empty() && (!o.data.empty() || !o.sample))
    return Status::error("--dump-logits is for the prompt of --sample, without "
                         "--data; give --sample PROMPT and leave --data out");
  if (o.schedule.warmup > o.steps)
    return Status::error("--warmup {} is longer than the run of --steps {}; "
                         "give fewer warmup steps",
                         o.schedule.warmup, o.steps);
  return Status::ok();
}

} // namespace

Result<ParsedOptions> parseOptions(const LlmcProgram &program, int argc,
                                   const char *const *argv) {
  ParsedOptions parsed;
  Options options;
  RawOptions raw;
  CLI::App app(fmt::format(
      "Trains {} ({} parameters) on token shards and generates text from it.\n"
      "Compiled from {} for {}: {} sequences of {} tokens in a micro-batch, "
      "vocabulary {}.\n"
      "'PROGRAM doctor [--json]' says whether this machine can run it, and "
      "what slows it down.",
      program.modelName, program.parameters, program.modelFile, program.target,
      program.batch, program.sequence, program.vocabulary));
  app.get_formatter()->column_width(36);
  addRunOptions(app, program, options, raw);
  addReportOptions(app, options, raw);
  // The one place where a library throws; nothing leaves this function.
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    parsed.text = app.help();
    return parsed;
  } catch (const CLI::ExtrasError &) {
    return Status::error("{}; --help lists every option", unknownArgument(app));
  } catch (const CLI::ArgumentMismatch &error) {
    return Status::error("{}; --help lists every option",
                         wrongCount(error.what()));
  } catch (const CLI::ParseError &error) {
    return Status::error("{}; --help lists every option", error.what());
  }
  LLMC_TRY(finish(options, raw));
  parsed.options = std::move(options);
  return parsed;
}

} // namespace llmc::runtime
