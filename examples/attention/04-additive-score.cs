#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 4, docs/attention/04-additive-score.md: queries, keys and values of different sizes.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

return Lesson.Run(
    args,
    Show,
    new Exercise(() => OneFeature(0.5f, 0.5f), "w_v tanh(W_q q + W_k k) with all weights 1 but w_v = 2: 2 tanh(0.5 + 0.5)"),
    new Exercise(() => OneFeature(1000, 0), "tanh never exceeds 1, so no score exceeds the sum of |w_v|")
);

void Show()
{
    var random = new DeterministicRandom(5);
    var query = RandomTensors.Normal(random, 1, 2, 2); // two queries of size 2
    var key = RandomTensors.Normal(random, 1, 3, 4); // three keys of size 4
    var value = RandomTensors.Normal(random, 1, 3, 5); // their values of size 5
    var attention = new AdditiveAttention(querySize: 2, keySize: 4, hiddenSize: 8);
    Initialisation.Fill(attention, seed: 1);
    Print.Matrix("weights", attention.Weights(query, key));
    Print.Line($"output: {string.Join(" × ", attention.forward(query, key, value).shape)}");
    foreach (var (name, parameter) in attention.named_parameters())
    {
        Print.Line($"{name}: {string.Join(" × ", parameter.shape)}");
    }
    try
    {
        new DotProductScore().forward(query, key);
    }
    catch (ArgumentException error)
    {
        Print.Line($"dot product: {error.Message}");
    }
    Bounded();
}

// The same query, longer and longer, to the same key.
void Bounded()
{
    var random = new DeterministicRandom(2);
    var (query, key) = (RandomTensors.Normal(random, 1, 1, 4), RandomTensors.Normal(random, 1, 1, 4));
    var additive = new AdditiveScore(querySize: 4, keySize: 4, hiddenSize: 8);
    Initialisation.Fill(additive, seed: 2);
    var bound = additive.named_parameters().First(one => one.name == "w_v.weight").parameter.abs().sum();
    foreach (var factor in new[] { 1, 10, 100 })
    {
        var ofAdditive = Print.Number(additive.forward(query.mul(factor), key).item<float>());
        var ofDotProduct = Print.Number(new DotProductScore().forward(query.mul(factor), key).item<float>());
        Print.Line($"query × {factor, 3}: additive {ofAdditive}, dot product {ofDotProduct}");
    }
    Print.Value("no additive score exceeds", bound.item<float>());
}

// W_q and W_k are 1, w_v is 2.
double OneFeature(float query, float key)
{
    var score = new AdditiveScore(querySize: 1, keySize: 1, hiddenSize: 1);
    using var noGradients = no_grad();
    foreach (var (name, parameter) in score.named_parameters())
    {
        parameter.fill_(name.StartsWith("w_v") ? 2 : 1);
    }
    return score.forward(tensor(query).view(1, 1, 1), tensor(key).view(1, 1, 1)).item<float>();
}
