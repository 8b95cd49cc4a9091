#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 11, docs/attention/11-multi-head.md: several heads and what joins them; one head or four; the scale taken away.
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

var sizes = new MultiHeadSizes
{
    Query = 6, // d_q
    Key = 5, // d_k
    Value = 4, // d_v
    Heads = 3, // H
    QueryHead = 2, // p_q
    KeyHead = 2, // p_k
    ValueHead = 7, // p_v
    Output = 8, // p_o
};
return Lesson.Run(
    args,
    Show,
    new Exercise(
        () => new MultiHeadAttention(width: 64, heads: 4).parameters().Sum(parameter => parameter.numel()),
        "four square matrices of 64, each with a bias",
        Tolerance: 0.5
    ),
    new Exercise(
        () =>
            new MultiHeadAttention(sizes with { Heads = 5 }).named_parameters().Single(p => p.name == "out_proj.weight").parameter.shape[1],
        "W_o takes what all heads give, one after the other",
        Tolerance: 0.5
    )
);

void Show()
{
    using var attention = new MultiHeadAttention(sizes, bias: false);
    Initialisation.Fill(attention, seed: 1);
    var random = new DeterministicRandom(seed: 1);
    var query = RandomTensors.Normal(random, 1, 4, 6);
    var (key, value) = (RandomTensors.Normal(random, 1, 5, 5), RandomTensors.Normal(random, 1, 5, 4));
    foreach (var (name, parameter) in attention.named_parameters())
    {
        Print.Line($"{name, -16} [{string.Join(", ", parameter.shape)}]");
    }
    var y = attention.forward(query, key, value);
    Print.Line($"queries [1, 4, 6], keys [1, 5, 5], values [1, 5, 4] -> [{string.Join(", ", y.shape)}]");
    var weights = attention.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
    Print.Value("against the equation, largest difference:", ByHand(weights, query, key, value).sub(y).abs().max().item<float>());
    Print.Line();

    Print.Line("two places at once: mean squared error after 300 steps");
    foreach (var heads in new[] { 1, 2, 4 })
    {
        Print.Value($"{heads} head{(heads == 1 ? "" : "s")}:", TwoPlaces.Train(heads).TakeLast(30).Average(), digits: 1);
    }
    Print.Line();

    Print.Line("one head of 64 features learns to reverse six letters: loss below 0.2 after 432 steps");
    foreach (var run in Ablations.Scale())
    {
        Print.Line($"{run.Name + ":", -10}{(run.FinalLoss < 0.2 ? "yes" : "no")}");
    }
}

Tensor ByHand(Dictionary<string, Tensor> weights, Tensor query, Tensor key, Tensor value)
{
    var heads = new List<Tensor>();
    for (var i = 0; i < sizes.Heads; i++)
    {
        var q = query.matmul(weights["q_proj_weight"].narrow(0, i * sizes.QueryHead, sizes.QueryHead).t()); // W_i(q) q: [1, T, p_q]
        var k = key.matmul(weights["k_proj_weight"].narrow(0, i * sizes.KeyHead, sizes.KeyHead).t()); // W_i(k) k: [1, S, p_k]
        var v = value.matmul(weights["v_proj_weight"].narrow(0, i * sizes.ValueHead, sizes.ValueHead).t()); // W_i(v) v: [1, S, p_v]
        heads.Add(ScaledDotProductAttention.Apply(q, k, v)); // h_i: [1, T, p_v]
    }
    return cat(heads, -1).matmul(weights["out_proj.weight"].t()); // W_o [h_1 ... h_H]: [1, T, p_o]
}
