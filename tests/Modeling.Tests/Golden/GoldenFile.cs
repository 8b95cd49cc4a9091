using System.Globalization;
using TorchSharp;
using TrainingCluster.Modeling.Serialization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Golden;

/// <summary>One file of golden vectors, made by <c>make_golden.py</c> with PyTorch, cut into its cases.</summary>
internal sealed class GoldenFile : IDisposable
{
    private readonly SafetensorsFile _file;

    public GoldenFile(string name)
    {
        _file = Safetensors.Open(Path.Combine(AppContext.BaseDirectory, "Golden", name + ".safetensors"));
    }

    public IEnumerable<GoldenCase> Cases =>
        _file
            .Entries.GroupBy(entry => entry.Name[..SectionStart(entry.Name)])
            .Select(group => new GoldenCase(group.Key, [.. group.Select(entry => _file.Read(entry.Name))]));

    public void Dispose() => _file.Dispose();

    internal static int SectionStart(string name) =>
        new[] { "/inputs/", "/weights/", "/outputs/", "/gradients/", "/seed" }
            .Select(section => name.IndexOf(section, StringComparison.Ordinal))
            .Where(i => i >= 0)
            .Min();
}

/// <summary>Inputs, weights, outputs and gradients of one computation; collects how far ours are from them.</summary>
internal sealed class GoldenCase(string name, IReadOnlyList<NamedTensor> tensors)
{
    private readonly Dictionary<string, NamedTensor> _tensors = tensors.ToDictionary(tensor => tensor.Name[(name.Length + 1)..]);
    private readonly List<(string Name, Tensor Leaf)> _leaves = [];

    public string Name => name;

    /// <summary>The part of the name before the first slash, the mechanism, and the one after it.</summary>
    public IReadOnlyList<string> Parts => name.Split('/');

    public List<(string What, double Error)> Errors { get; } = [];

    public bool Has(string path) => _tensors.ContainsKey(path);

    public Tensor Constant(string path) => ModelWeights.ToTensor(_tensors[path]);

    /// <summary>An input whose gradient is compared.</summary>
    public Tensor Input(string input)
    {
        var leaf = Constant("inputs/" + input);
        leaf.requires_grad = true;
        _leaves.Add(("inputs/" + input, leaf));
        return leaf;
    }

    /// <summary>Sets the module's parameters, all of them, and compares their gradients.</summary>
    public void Weights(torch.nn.Module module)
    {
        ModelWeights.Restore(
            module,
            [
                .. _tensors
                    .Where(pair => pair.Key.StartsWith("weights/", StringComparison.Ordinal))
                    .Select(pair => pair.Value with { Name = pair.Key["weights/".Length..] }),
            ]
        );
        _leaves.AddRange(
            module
                .named_parameters()
                .Where(pair => pair.parameter.requires_grad)
                .Select(pair => ("weights/" + pair.name, (Tensor)pair.parameter))
        );
    }

    public void Output(string output, Tensor value) => Compare("outputs/" + output, value);

    /// <summary>Runs the backward pass from the seeded sum of an output, and compares all gradients.</summary>
    public void Backward(Tensor output)
    {
        if (_leaves.Count == 0)
        {
            return;
        }
        output.mul(Constant("seed")).sum().backward();
        CompareGradients();
    }

    public void CompareGradients()
    {
        foreach (var (leaf, tensor) in _leaves)
        {
            Compare("gradients/" + leaf, tensor.grad ?? zeros_like(tensor));
        }
    }

    // max |a − b| / max |b|; where b is all zeros, max |a| must be as small against 1.
    private void Compare(string path, Tensor actual)
    {
        var expected = Constant(path);
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0)
        {
            return;
        }
        var scale = expected.abs().max().item<float>();
        var difference = actual.detach().sub(expected).abs().max().item<float>();
        Errors.Add((string.Create(CultureInfo.InvariantCulture, $"{name}: {path}"), difference / (scale > 0 ? scale : 1)));
    }
}
