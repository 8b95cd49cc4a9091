using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// The last product of a model and its loss in one: label-smoothed cross entropy of softmax(h Wᵀ). Legend: <c>N</c> rows, <c>D</c> width,
/// <c>V</c> vocabulary.
/// </summary>
/// <remarks>
/// libtorch keeps several matrices of N × V numbers from the forward to the backward pass. Here the scores of some rows at a time become
/// their gradient in place, ∂L/∂z = softmax(z) − (1−ε) onehot(y) − ε/V, and what is kept is the gradient of h and of W alone. The products
/// run in the precision of <see cref="Autocast"/>, all else in float32. The same numbers come out whatever the processor's vectors are.
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
    public static Tensor Apply(Tensor hidden_ND, Tensor weight_VD, Tensor labels_N, long ignored, double labelSmoothing) =>
        Apply(hidden_ND, weight_VD, labels_N, ignored, labelSmoothing, MostScores);

    /// <summary>The same with another bound on the scores that are there at a time; a row's are there in any case.</summary>
    internal static Tensor Apply(Tensor hidden_ND, Tensor weight_VD, Tensor labels_N, long ignored, double labelSmoothing, long mostScores)
    {
        ArgumentNullException.ThrowIfNull(hidden_ND);
        ArgumentNullException.ThrowIfNull(weight_VD);
        ArgumentNullException.ThrowIfNull(labels_N);
        // Another device's memory cannot be reached from here.
        using var scope = NewDisposeScope();
        if (hidden_ND.device_type != DeviceType.CPU || hidden_ND.dtype != ScalarType.Float32)
        {
            return torch
                .nn.functional.cross_entropy(
                    Autocast.Linear(hidden_ND, weight_VD),
                    labels_N,
                    ignore_index: ignored,
                    reduction: torch.nn.Reduction.Sum,
                    label_smoothing: labelSmoothing
                )
                .MoveToOuterDisposeScope();
        }
        var task = new LossTask(labels_N.data<long>().ToArray(), ignored, (float)labelSmoothing, mostScores);
        var loss = is_grad_enabled() ? Function.apply(hidden_ND, weight_VD, task) : task.Loss(hidden_ND, weight_VD, null, null);
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>What is asked for, beside the tensors.</summary>
    /// <param name="Labels_N">y.</param>
    /// <param name="Ignored">The label of rows that do not count.</param>
    /// <param name="Smoothing">ε.</param>
    /// <param name="MostScores">That are there at a time.</param>
    private sealed record LossTask(long[] Labels_N, long Ignored, float Smoothing, long MostScores)
    {
        /// <summary>The loss; with it, where they are given, the gradients of h and of W.</summary>
        public Tensor Loss(Tensor hidden_ND, Tensor weight_VD, Tensor? hiddenGradient_ND, Tensor? weightGradient_VD)
        {
            using var noGradients = no_grad();
            using var scope = NewDisposeScope();
            var (rows, vocabulary) = (hidden_ND.shape[0], weight_VD.shape[0]);
            var h_ND = Autocast.Rounded(hidden_ND);
            var w_VD = Autocast.Rounded(weight_VD);
            var loss = 0.0;
            var most = Math.Max(1, MostScores / vocabulary);
            for (var first = 0L; first < rows; first += most)
            {
                using var chunk = NewDisposeScope();
                var count = Math.Min(most, rows - first);
                var some_CD = h_ND.narrow(0, first, count);
                var scores_CV = some_CD.matmul(w_VD.t());
                loss += CrossEntropyRows.Apply(
                    scores_CV,
                    Labels_N.AsSpan((int)first, (int)count),
                    Ignored,
                    Smoothing,
                    withGradient: hiddenGradient_ND is not null
                );
                hiddenGradient_ND?.narrow(0, first, count).copy_(scores_CV.matmul(w_VD));
                weightGradient_VD?.add_(scores_CV.t().matmul(some_CD), Number.Of(1));
            }
            return tensor((float)loss).MoveToOuterDisposeScope();
        }
    }

    private sealed class Function : torch.autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(LinearCrossEntropy);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var (hidden_ND, weight_VD) = ((Tensor)vars[0], (Tensor)vars[1]);
            // Kept by libtorch after this call, and not before: the caller's scope disposes of them.
            var hiddenGradient_ND = empty(hidden_ND.shape);
            var weightGradient_VD = zeros(weight_VD.shape);
            var loss = ((LossTask)vars[2]).Loss(hidden_ND, weight_VD, hiddenGradient_ND, weightGradient_VD);
            ctx.save_for_backward([hiddenGradient_ND, weightGradient_VD]);
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
