using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// The last product of a model and its loss in one: label-smoothed cross entropy of softmax(h Wᵀ), of one pass or, with R-Drop, of two.
/// Legend: <c>P</c> passes, <c>N</c> rows of a pass, <c>D</c> width, <c>V</c> vocabulary.
/// </summary>
/// <remarks>
/// libtorch keeps several matrices of N × V numbers from the forward to the backward pass. Here the scores of some rows at a time become
/// their gradient in place, ∂L/∂z = softmax(z) − (1−ε) onehot(y) − ε/V, and what is kept is the gradient of h and of W alone.
/// The products run in the precision of <see cref="Autocast"/>, all else in float32. The same numbers come out whatever the processor's
/// vectors are.
/// </remarks>
public static class LinearCrossEntropy
{
    // Scores that are there at a time: 64 MB in bfloat16.
    private const long MostScores = 1 << 25;

    /// <summary>The loss in nats, added up over the rows whose label counts.</summary>
    /// <param name="hidden_ND">h: [N, D] float32.</param>
    /// <param name="weight_VD">W: [V, D] float32.</param>
    /// <param name="labels_N">y: [N] int64 in [0, V).</param>
    /// <param name="ignored">Rows with this label do not count.</param>
    /// <param name="labelSmoothing">ε in [0, 1): the label keeps 1−ε and all V tokens share ε (Szegedy et al. 2016).</param>
    /// <returns>A scalar, float32.</returns>
    public static Tensor Apply(Tensor hidden_ND, Tensor weight_VD, Tensor labels_N, long ignored, double labelSmoothing)
    {
        ArgumentNullException.ThrowIfNull(hidden_ND);
        using var scope = NewDisposeScope();
        return Apply(hidden_ND.unsqueeze(0), weight_VD, labels_N, new LossOptions(ignored, labelSmoothing)).MoveToOuterDisposeScope();
    }

    /// <summary>The same of one pass, or of two with R-Drop.</summary>
    /// <param name="hidden_PND">h of each pass: [P, N, D] float32, or bfloat16 as <see cref="ResidualNorm"/> leaves it.</param>
    /// <param name="weight_VD">As above.</param>
    /// <param name="labels_N">As above: both passes have the same.</param>
    /// <param name="options">Which loss.</param>
    /// <param name="ofWeight">W's gradient, where other operations add to it too.</param>
    /// <param name="mostScores">That are there at a time; those of a row are there in any case.</param>
    internal static Tensor Apply(
        Tensor hidden_PND,
        Tensor weight_VD,
        Tensor labels_N,
        LossOptions options,
        SharedGradient? ofWeight = null,
        long mostScores = MostScores
    )
    {
        ArgumentNullException.ThrowIfNull(hidden_PND);
        ArgumentNullException.ThrowIfNull(weight_VD);
        ArgumentNullException.ThrowIfNull(labels_N);
        using var scope = NewDisposeScope();
        // Another device's memory cannot be reached from here.
        var isHere = hidden_PND.device_type == DeviceType.CPU && hidden_PND.dtype is ScalarType.Float32 or ScalarType.BFloat16;
        if (!isHere)
        {
            return WithLibtorch(hidden_PND, weight_VD, labels_N, options).MoveToOuterDisposeScope();
        }
        var task = new LossTask(labels_N.data<long>().ToArray(), options, mostScores, ofWeight);
        var loss = is_grad_enabled()
            ? Function.apply(hidden_PND, weight_VD, task)
            : task.Loss(hidden_PND, weight_VD, withGradients: false).Loss;
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The same loss as libtorch's operations have it, with all scores at once.</summary>
    internal static Tensor WithLibtorch(Tensor hidden_PND, Tensor weight_VD, Tensor labels_N, LossOptions options)
    {
        using var scope = NewDisposeScope();
        var passes = hidden_PND.shape[0];
        var log_PNV = Autocast.Linear(hidden_PND, weight_VD).log_softmax(-1);
        var loss = torch
            .nn.functional.cross_entropy(
                log_PNV.flatten(0, 1),
                labels_N.repeat(passes),
                ignore_index: options.Ignored,
                reduction: torch.nn.Reduction.Sum,
                label_smoothing: options.Smoothing
            )
            .div(Number.Of(passes));
        if (options.RDrop is not { } weight)
        {
            return loss.MoveToOuterDisposeScope();
        }
        // KL(p‖q) + KL(q‖p) = Σ (p − q)(log p − log q).
        var (p_NV, q_NV) = (log_PNV[0], log_PNV[1]);
        var both_N = p_NV.exp().sub(q_NV.exp()).mul(p_NV.sub(q_NV)).sum(1);
        var divergence = both_N.mul(labels_N.ne(Number.Of(options.Ignored)).to(both_N.dtype)).sum();
        return loss.add(divergence, Number.Of(weight / 4)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Which loss. R-Drop (Liang et al. 2021, equations 2 to 4): the mean of both passes' cross entropies, plus α times the mean of
    /// KL(p‖q) and KL(q‖p), halved as the cross entropies are.
    /// </summary>
    /// <param name="Ignored">The label of rows that do not count.</param>
    /// <param name="Smoothing">ε.</param>
    /// <param name="RDrop">α, 0 or more, for two passes; null: one pass.</param>
    internal sealed record LossOptions(long Ignored, double Smoothing, double? RDrop = null);

    /// <summary>What is asked for, beside the tensors.</summary>
    /// <param name="Labels_N">y.</param>
    /// <param name="Options">Which loss.</param>
    /// <param name="MostScores">That are there at a time.</param>
    /// <param name="OfWeight">W's gradient, where other operations add to it; null: none do.</param>
    private sealed record LossTask(long[] Labels_N, LossOptions Options, long MostScores, SharedGradient? OfWeight)
    {
        /// <summary>The loss; with it, where they are asked for, the gradients of h, in its type, and of W.</summary>
        public (Tensor Loss, Tensor? OfHidden_PND, Tensor? OfWeight_VD) Loss(Tensor hidden_PND, Tensor weight_VD, bool withGradients)
        {
            using var noGradients = no_grad();
            using var scope = NewDisposeScope();
            var (passes, rows, width) = (hidden_PND.shape[0], hidden_PND.shape[1], hidden_PND.shape[2]);
            var vocabulary = weight_VD.shape[0];
            var h_PND = Autocast.Rounded(hidden_PND);
            var w_VD = Autocast.Rounded(weight_VD);
            var loss = 0.0;
            var ofHidden = new List<Tensor>();
            Tensor? ofWeight_VD = null;
            var most = Math.Max(1, MostScores / vocabulary / passes);
            var first = 0L;
            // Without rows once: the gradients are zeros then.
            do
            {
                using var chunk = NewDisposeScope();
                var count = Math.Min(most, rows - first);
                // Both passes of a row together; of one pass this is a view.
                var some_MD = h_PND.narrow(1, first, count).reshape(-1, width);
                var scores_MV = RoundedMatrices.Multiply(some_MD, w_VD.t());
                loss += Rows(scores_MV, passes, Labels_N.AsSpan((int)first, (int)count), withGradients);
                first += most;
                if (!withGradients)
                {
                    continue;
                }
                ofHidden.Add(RoundedMatrices.Multiply(scores_MV, w_VD).view(passes, count, width).MoveToOuterDisposeScope());
                var part_VD = RoundedMatrices.Multiply(scores_MV.t(), some_MD);
                ofWeight_VD = ofWeight_VD?.add_(part_VD, Number.Of(1)) ?? part_VD.to(ScalarType.Float32).MoveToOuterDisposeScope();
            } while (first < rows);
            var ofHidden_PND = withGradients ? (ofHidden is [var whole] ? whole : cat(ofHidden, 1)).to(hidden_PND.dtype) : null;
            return (
                tensor((float)loss).MoveToOuterDisposeScope(),
                ofHidden_PND?.MoveToOuterDisposeScope(),
                ofWeight_VD?.MoveToOuterDisposeScope()
            );
        }

        private double Rows(Tensor scores_MV, long passes, ReadOnlySpan<long> labels, bool withGradient)
        {
            var smoothing = (float)Options.Smoothing;
            return Options.RDrop is { } weight
                ? RDropRows.Apply(scores_MV.unflatten(0, passes, -1), labels, Options.Ignored, smoothing, (float)weight, withGradient)
                : CrossEntropyRows.Apply(scores_MV, labels, Options.Ignored, smoothing, withGradient);
        }
    }

    private sealed class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string TaskName = "task";

        public override string Name => nameof(LinearCrossEntropy);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var task = (LossTask)vars[2];
            // Kept by libtorch after this call, and not before: the caller's scope disposes of them.
            var (loss, ofHidden_PND, ofWeight_VD) = task.Loss((Tensor)vars[0], (Tensor)vars[1], withGradients: true);
            ctx.save_data(TaskName, task);
            ctx.save_for_backward([ofHidden_PND!, ofWeight_VD!]);
            return loss;
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            var task = (LossTask)ctx.get_data(TaskName)!;
            // Training adds up the losses of sentences as they are: nothing is left to multiply.
            var (ofHidden_PND, ofWeight_VD) =
                grad_output.item<float>() == 1
                    ? (saved[0], saved[1])
                    : (saved[0].mul(grad_output).to(saved[0].dtype), saved[1].mul(grad_output));
            return [ofHidden_PND, task.OfWeight is { } shared ? shared.Add(ofWeight_VD)! : ofWeight_VD, null!];
        }
    }
}
