using System.CommandLine;
using System.Diagnostics;
using TorchSharp;
using TrainingCluster.Modeling.Native;
using static TorchSharp.torch;

namespace TrainingCluster.Bench;

/// <summary>
/// A peer on the same libtorch: an eager step of TorchSharp's own <c>nn.Transformer</c>, written as its users write it. TorchSharp has
/// no autocast: where ours has bfloat16 products, the whole model is bfloat16 here.
/// </summary>
internal static class StepTorchSharp
{
    public const string Name = "step-torchsharp";

    public static Command Command()
    {
        var command = new Command(Name) { new Option<int>("--rank") };
        command.Hidden = true;
        StepShape.AddTo(command);
        command.SetAction(WorkAsync);
        return command;
    }

    private static async Task<int> WorkAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await BenchProcesses.AnswerAsync();
        set_num_threads(parsed.GetValue(StepShape.Threads));
        var type = parsed.GetValue(StepShape.Precision) == "bfloat16" ? ScalarType.BFloat16 : ScalarType.Float32;
        var batches = StepShape.Batches(parsed);
        var batch = batches.Build(1, 0);
        var step = await MainArenaThread.RunAsync(() =>
        {
            using var net = new Translator(parsed);
            net.to(type);
            using var optimizer = optim.AdamW(net.parameters(), 1e-4, beta2: 0.98, eps: 1e-9);
            // TorchSharp's Transformer takes sequences first.
            using var source_SB = tensor(batch.Source, batch.Rows, batch.SourceWidth).t().contiguous();
            using var input_TB = tensor(batch.DecoderInput, batch.Rows, batch.TargetWidth).t().contiguous();
            using var labels_TB = tensor(batch.Labels, batch.Rows, batch.TargetWidth).t().contiguous();
            return StepShape.MedianMilliseconds(
                parsed,
                () =>
                {
                    var start = Stopwatch.GetTimestamp();
                    using var scope = NewDisposeScope();
                    optimizer.zero_grad();
                    var scores_TBV = net.forward(source_SB, input_TB);
                    var loss = nn.functional.cross_entropy(
                        scores_TBV.to(ScalarType.Float32).reshape(-1, scores_TBV.shape[2]),
                        labels_TB.reshape(-1),
                        label_smoothing: 0.1
                    );
                    loss.backward();
                    nn.utils.clip_grad_norm_(net.parameters(), 1.0);
                    optimizer.step();
                    return Stopwatch.GetElapsedTime(start);
                },
                cancellationToken
            );
        });
        new StepTimes(step, batches.Tokens / step * 1e3, peak_rss_mb: BenchTable.PeakMegabytes()).Write();
        return 0;
    }

    private sealed class Translator : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Embedding _embedding;
        private readonly TorchSharp.Modules.Transformer _transformer;
        private readonly TorchSharp.Modules.Dropout _dropout;
        private readonly Tensor _table;
        private readonly double _scale;

        public Translator(ParseResult parsed)
            : base(nameof(Translator))
        {
            var (d, layers) = (parsed.GetValue(StepShape.D), parsed.GetValue(StepShape.Layers));
            _embedding = nn.Embedding(parsed.GetValue(StepShape.Vocabulary), d);
            _transformer = nn.Transformer(
                d,
                parsed.GetValue(StepShape.Heads),
                layers,
                layers,
                parsed.GetValue(StepShape.FeedForward),
                dropout: 0.1
            );
            _dropout = nn.Dropout(0.1);
            using var position = arange(512, ScalarType.Float32).unsqueeze(1);
            using var rate = arange(0, d, 2, ScalarType.Float32).mul(-Math.Log(10_000) / d).exp();
            using var angle = position.mul(rate);
            _table = stack([angle.sin(), angle.cos()], 2).reshape(512, 1, d);
            register_buffer(nameof(_table), _table);
            _scale = Math.Sqrt(d);
            RegisterComponents();
        }

        public override Tensor forward(Tensor source_SB, Tensor input_TB)
        {
            var length = input_TB.shape[0];
            var source_SBD = Embed(source_SB);
            var causal = full(length, length, float.NegativeInfinity, source_SBD.dtype).triu(1);
            var states_TBD = _transformer.call(source_SBD, Embed(input_TB), src_mask: null!, tgt_mask: causal);
            return nn.functional.linear(states_TBD, _embedding.weight!);
        }

        private Tensor Embed(Tensor tokens_LB) =>
            _dropout.forward(_embedding.forward(tokens_LB).mul(_scale).add(get_buffer(nameof(_table))!.narrow(0, 0, tokens_LB.shape[0])));
    }
}
