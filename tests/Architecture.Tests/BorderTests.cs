using System.Text.RegularExpressions;
using ArchUnitNET.Fluent;
using ArchUnitNET.Fluent.Syntax.Elements.Types;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Assembly = System.Reflection.Assembly;

namespace TrainingCluster.Architecture.Tests;

/// <summary>Which project and which folder may know of which (docs/decisions/0015-rooms.md).</summary>
public sealed class BorderTests
{
    /// <summary>Actors, remote calls, contracts, web and metrics: what a library of models has no need of.</summary>
    private const string Cluster =
        @"^(Akka|DotNetty|Grpc|Google\.Protobuf|Microsoft\.AspNetCore|Microsoft\.Extensions|Prometheus|TrainingCluster\.V1)(\.|$)";

    private static readonly string[] s_names =
    [
        "TrainingCluster.Modeling",
        "TrainingCluster.Shared",
        "TrainingCluster.Coordinator",
        "TrainingCluster.Worker",
        "TrainingCluster.Serving",
        "cluster",
        "cluster-chaos",
    ];

    // Packages are loaded too: a rule sees only types that were.
    private static readonly ArchUnitNET.Domain.Architecture s_architecture = new ArchLoader()
        .LoadAssemblies([.. s_names.Select(Assembly.Load), .. Packages()])
        .Build();

    /// <summary>Each project and those of ours that it may reference.</summary>
    [Theory]
    [InlineData("TrainingCluster.Modeling")]
    [InlineData("TrainingCluster.Shared", "TrainingCluster.Modeling")]
    [InlineData("TrainingCluster.Coordinator", "TrainingCluster.Modeling", "TrainingCluster.Shared")]
    [InlineData("TrainingCluster.Worker", "TrainingCluster.Modeling", "TrainingCluster.Shared")]
    [InlineData("TrainingCluster.Serving", "TrainingCluster.Modeling", "TrainingCluster.Shared")]
    [InlineData("cluster", "TrainingCluster.Modeling", "TrainingCluster.Shared")]
    [InlineData("cluster-chaos", "TrainingCluster.Modeling", "TrainingCluster.Shared", "cluster")]
    public void Projects_ReferenceOnlyThoseBelow(string project, params string[] below)
    {
        var references = Assembly.Load(project).GetReferencedAssemblies().Select(name => name.Name!).Intersect(s_names);
        Assert.Empty(references.Except(below));
    }

    [Fact]
    public void Modeling_ReferencesNoPackageOfTheCluster()
    {
        var references = Assembly.Load("TrainingCluster.Modeling").GetReferencedAssemblies().Select(name => name.Name!).ToArray();
        Assert.Contains("TorchSharp", references);
        Assert.DoesNotContain(references, name => Regex.IsMatch(name, Cluster));
    }

    /// <summary>A folder, and those that it must not use.</summary>
    [Theory]
    // The course: a mechanism is read without the model around it, a model without data and files.
    [InlineData("Modeling.Attention", @"Modeling\.(Models|Data|Tokenization|Decoding|Scoring|Serialization)")]
    [InlineData("Modeling.Models", @"Modeling\.(Data|Tokenization|Decoding|Scoring|Serialization)")]
    [InlineData("Modeling.Scoring", @"Modeling\.(Attention|Models|Data|Tokenization|Decoding|Serialization)")]
    [InlineData("Modeling.Tokenization", @"Modeling\.(Attention|Models|Data|Decoding|Scoring|Serialization)")]
    // The all-reduce adds numbers, whatever they are the gradients of.
    [InlineData("Worker.AllReduce", @"(Modeling\.(Models|Data|Attention)|Worker\.(Training|Actors|Checkpoints|Optimization|State))")]
    [InlineData("Worker.Optimization", @"Worker\.(Training|Actors|AllReduce|Checkpoints)")]
    public void Folders_DoNotUseThoseAbove(string folder, string above) =>
        Check(In(folder).Should().NotDependOnAny(Types().That().ResideInNamespaceMatching($@"^TrainingCluster\.{above}(\.|$)")));

    [Theory]
    [InlineData("Coordinator.Jobs.Machine")]
    [InlineData("Coordinator.Queueing")]
    [InlineData("Coordinator.Kubernetes.Decisions")]
    public void Decisions_ArePure(string folder) =>
        Check(In(folder).Should().NotDependOnAny(Types().That().ResideInNamespaceMatching(@"^(Akka|Grpc|Microsoft)(\.|$)")));

    private static GivenTypesConjunction In(string folder) =>
        Types().That().ResideInNamespaceMatching($@"^TrainingCluster\.{Regex.Escape(folder)}(\.|$)");

    private static void Check(IArchRule rule) => rule.Check(s_architecture);

    private static IEnumerable<Assembly> Packages() =>
        s_names
            .SelectMany(name => Assembly.Load(name).GetReferencedAssemblies())
            .Where(name => Regex.IsMatch(name.Name!, @"^(Akka|Grpc|Microsoft\.(AspNetCore|Extensions))"))
            .DistinctBy(name => name.Name)
            .Select(Assembly.Load);
}
