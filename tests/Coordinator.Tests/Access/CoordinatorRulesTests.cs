using Google.Protobuf.Reflection;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Security;

namespace TrainingCluster.Coordinator.Tests.Access;

public sealed class CoordinatorRulesTests
{
    public static TheoryData<string> Methods { get; } =
        new(
            new ServiceDescriptor[] { V1.Jobs.Descriptor, V1.Datasets.Descriptor, V1.Checkpoints.Descriptor }.SelectMany(service =>
                service.Methods.Select(method => $"/{service.FullName}/{method.Name}")
            )
        );

    [Theory, MemberData(nameof(Methods))]
    public void Of_EveryCallOfOurs_HasARuleOfItsOwn(string method) =>
        Assert.NotSame(CoordinatorRules.All.Of("/cluster.v1.Jobs/Unheard"), CoordinatorRules.All.Of(method));

    [Theory, MemberData(nameof(Methods))]
    public void Of_CallThatChangesSomething_IsNotForViewers(string method)
    {
        var reads =
            method.Split('/')[^1] is var name
            && (
                name.StartsWith("Get", StringComparison.Ordinal)
                || name.StartsWith("List", StringComparison.Ordinal)
                || name.StartsWith("Watch", StringComparison.Ordinal)
            );
        var viewer = new Caller(new("v", AccessRole.Viewer, "a"), false);
        if (!reads)
        {
            Assert.False(CoordinatorRules.All.Of(method)!.Admits(viewer));
        }
    }

    [Theory]
    [InlineData("/cluster.v1.Checkpoints/StoreModel")]
    [InlineData("/cluster.v1.Checkpoints/StoreCheckpoint")]
    [InlineData("/cluster.v1.Checkpoints/FetchCheckpoint")]
    [InlineData("/cluster.v1.Datasets/DownloadDataset")]
    public void Of_WhatWorkersDo_IsForNoClient(string method)
    {
        Assert.False(CoordinatorRules.All.Of(method)!.Admits(new(new("o", AccessRole.Operator, AccessGrant.AllNamespaces), false)));
        Assert.True(CoordinatorRules.All.Of(method)!.Admits(Caller.Worker));
    }

    [Fact]
    public void Of_HealthNobodyIsAsked_UnknownNeedsAnOperator()
    {
        Assert.Null(CoordinatorRules.All.Of("/grpc.health.v1.Health/Check"));
        Assert.Equal(AccessRole.Operator, CoordinatorRules.All.Of("/other.Service/Call")!.Role);
        Assert.False(CoordinatorRules.All.Of("/cluster.v1.Jobs/CreateJob")!.Admits(Caller.Worker));
    }
}
