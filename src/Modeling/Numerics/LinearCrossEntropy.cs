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
        return Apply(hidden_ND.unsqueeze(0), weight_VD, labels_N, new(ignored, labelSmoothing)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// R-Drop (Liang et al. 2021, equations 2 to 4), in nats, added up over the rows whose label counts: the mean of both passes' cross
    /// entropies, plus the weight times the mean of KL(p‖q) and KL(q‖p), halved as the cross entropies are.
    /// </summary>
    /// <param name="hidden_2ND">h of two passes: [2, N, D] float32.</param>
    /// <param name="weight_VD">As in <see cref="Apply(Tensor, Tensor, Tensor, long, double)"/>.</param>
    /// <param name="labels_N">As there: both passes have the same.</param>
    /// <param name="ignored">As there.</param>
    /// <param name="labelSmoothing">As there.</param>
    /// <param name="rDrop">α, 0 or more.</param>
    /// <returns>A scalar, float32.</returns>
    public static Tensor ApplyTwice(
        Tensor hidden_2ND,
        Tensor weight_VD,
        Tensor labels_N,
        long ignored,
        double labelSmoothing,
        double rDrop
    ) => Apply(hidden_2ND, weight_VD, labels_N, new(ignored, labelSmoothing, rDrop));

    /// <summary>The same with another bound on the scores that are there at a time; those of a row are there in any case.</summary>
    internal static Tensor Apply(Tensor hidden_PND, Tensor weight_VD, Tensor labels_N, LossOptions options, long mostScores = MostScores)
    {
        ArgumentNullException.ThrowIfNull(hidden_PND);
        ArgumentNullException.ThrowIfNull(weight_VD);
        ArgumentNullException.ThrowIfNull(labels_N);
        using var scope = NewDisposeScope();
        // Another device's memory cannot be reached from here.
        if (hidden_PND.device_type != DeviceType.CPU || hidden_PND.dtype != ScalarType.Float32)
        {
            return WithLibtorch(hidden_PND, weight_VD, labels_N, options).MoveToOuterDisposeScope();
        }
        var task = new LossTask(labels_N.data<long>().ToArray(), options, mostScores);
        var loss = is_grad_enabled() ? Function.apply(hidden_PND, weight_VD, task) : task.Loss(hidden_PND, weight_VD, null, null);
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

    /// <summary>Which loss.</summary>
    /// <param name="Ignored">The label of rows that do not count.</param>
    /// <param name="Smoothing">ε.</param>
    /// <param name="RDrop">α of R-Drop, for two passes; null: one pass.</param>
    internal sealed record LossOptions(long Ignored, double Smoothing, double? RDrop = null);

    /// <summary>What is asked for, beside the tensors.</summary>
    /// <param name="Labels_N">y.</param>
    /// <param name="Options">Which loss.</param>
    /// <param name="MostScores">That are there at a time.</param>
    private sealed record LossTask(long[] Labels_N, LossOptions Options, long MostScores)
    {
        /// <summary>The loss; with it, where they are given, the gradients of h and of W.</summary>
        public Tensor Loss(Tensor hidden_PND, Tensor weight_VD, Tensor? hiddenGradient_PND, Tensor? weightGradient_VD)
        {
            using var noGradients = no_grad();
            using var scope = NewDisposeScope();
            var (passes, rows, width) = (hidden_PND.shape[0], hidden_PND.shape[1], hidden_PND.shape[2]);
            var vocabulary = weight_VD.shape[0];
            var h_PND = Autocast.Rounded(hidden_PND);
            var w_VD = Autocast.Rounded(weight_VD);
            var loss = 0.0;
            var most = Math.Max(1, MostScores / vocabulary / passes);
            for (var first = 0L; first < rows; first += most)
            {
                using var chunk = NewDisposeScope();
                var count = Math.Min(most, rows - first);
                // Both passes of a row together; of one pass this is a view.
                var some_MD = h_PND.narrow(1, first, count).reshape(-1, width);
                var scores_MV = some_MD.matmul(w_VD.t());
                loss += Rows(scores_MV, passes, Labels_N.AsSpan((int)first, (int)count), hiddenGradient_PND is not null);
                hiddenGradient_PND?.narrow(1, first, count).copy_(scores_MV.matmul(w_VD).view(passes, count, width));
                weightGradient_VD?.add_(scores_MV.t().matmul(some_MD), Number.Of(1));
            }
            return tensor((float)loss).MoveToOuterDisposeScope();
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
        public override string Name => nameof(LinearCrossEntropy);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var (hidden_PND, weight_VD) = ((Tensor)vars[0], (Tensor)vars[1]);
            // Kept by libtorch after this call, and not before: the caller's scope disposes of them.
            var hiddenGradient_PND = empty(hidden_PND.shape);
            var weightGradient_VD = zeros(weight_VD.shape);
            var loss = ((LossTask)vars[2]).Loss(hidden_PND, weight_VD, hiddenGradient_PND, weightGradient_VD);
            ctx.save_for_backward([hiddenGradient_PND, weightGradient_VD]);
            return loss;
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            // Training adds up the losses of sentences as they are: nothing is left to multiply.
            return grad_output.item<float>() == 1 ? [.. saved, null!] : [saved[0].mul(grad_output), saved[1].mul(grad_output), null!];
        }
    }
}
